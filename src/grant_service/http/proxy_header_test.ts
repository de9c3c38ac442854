import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import fc from "fast-check";
import { parseProxyHeader } from "./proxy_header.ts";

const signature = "0d0a0d0a000d0a515549540a";
const ipv4 = "c0000201" + "c0000202" + "1f90" + "2382"; // 192.0.2.1:8080 → 192.0.2.2:9090
const ipv6 = "20010db8" + "00".repeat(11) + "07" + "00".repeat(16) + "1f90" + "2382";

const mapped = "00".repeat(10) + "ffffc0000201" + "00".repeat(16) + "1f90" + "2382";

const binary = (hex: string) => Buffer.from(signature + hex, "hex");

const good: [what: string, header: Buffer, address: string | undefined][] = [
  ["IPv4 as a line", Buffer.from("PROXY TCP4 192.0.2.1 192.0.2.2 8080 9090\r\n"), "192.0.2.1"],
  ["IPv6 as a line", Buffer.from("PROXY TCP6 2001:db8::7 ::1 1 65535\r\n"), "2001:db8::7"],
  ["an unknown one as a line", Buffer.from("PROXY UNKNOWN\r\n"), undefined],
  ["an unknown one with addresses", Buffer.from("PROXY UNKNOWN a b c d\r\n"), undefined],
  ["IPv4 in binary", binary(`2111000c${ipv4}`), "192.0.2.1"],
  ["IPv4 with extensions", binary(`21110010${ipv4}04000102`), "192.0.2.1"],
  ["IPv6 in binary", binary(`21210024${ipv6}`), "2001:db8::7"],
  ["IPv4 in IPv6 as a line", Buffer.from("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n"), "192.0.2.1"],
  ["IPv4 in IPv6 in binary", binary(`21210024${mapped}`), "192.0.2.1"],
  ["the proxy itself", binary("20000000"), undefined],
];

for (const [what, header, address] of good) {
  test(`a header of ${what} is read, and what follows is left`, () => {
    const rest = Buffer.from("\x16\x03\x01 and more\r\n", "latin1");
    const whole = Buffer.concat([header, rest]);
    assert.deepEqual(parseProxyHeader(whole), { address, rest });
    for (let length = 0; length < header.length; length++) {
      assert.equal(parseProxyHeader(whole.subarray(0, length)), undefined, String(length));
    }
  });
}

const bad: [what: string, header: Buffer][] = [
  ["a TLS hello", Buffer.from("\x16\x03\x01\x02\x00\x01", "latin1")],
  ["HTTP", Buffer.from("POST / HTTP/1.1\r\n")],
  ["another protocol", Buffer.from("PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n")],
  ["an address of the other family", Buffer.from("PROXY TCP4 ::1 ::1 1 2\r\n")],
  ["an address of one machine's own", Buffer.from("PROXY TCP6 fe80::1%lo ::1 1 2\r\n")],
  ["no address", Buffer.from("PROXY TCP4 west east 1 2\r\n")],
  ["a port too many", Buffer.from("PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n")],
  ["a port that is none", Buffer.from("PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n")],
  ["a line without end", Buffer.from("PROXY TCP4 " + "1".repeat(200))],
  ["version 3", binary("3111000c" + ipv4)],
  ["another command", binary("2211000c" + ipv4)],
  ["a socket's name", binary("21310000")],
  ["less than its addresses", binary("21110004c0000201")],
  ["more than is taken", binary("2111ffff")],
];

for (const [what, header] of bad) {
  test(`a header of ${what} is refused`, () => {
    assert.throws(() => parseProxyHeader(header), /header/);
  });
}

test("whatever comes is read, refused or waited for, and no more than its bound", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 2000 }), fc.boolean(), (bytes, isBinary) => {
    const all = Buffer.concat([Buffer.from(isBinary ? signature : "", "hex"), bytes]);
    let found;
    try {
      found = parseProxyHeader(all);
    } catch {
      return true;
    }
    return found !== undefined || all.length < 16 + 1024;
  }));
});
