import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { HttpProblem } from "./message.ts";
import { IncomingBytes, readHttpRequest, type ReadRequest } from "./request_reader.ts";

const limits = { headerBytes: 16 * 1024, bodyBytes: 4 * 1024 };

/** Reads a request that arrives in those pieces; undefined if it is not whole. */
function readPieces(pieces: string[]): { request: ReadRequest | undefined; steps: string[] } {
  const incoming = new IncomingBytes();
  const reading = readHttpRequest(incoming, limits);
  const steps: string[] = [];
  for (const piece of pieces) {
    incoming.append(Buffer.from(piece, "latin1"));
    let step = reading.next();
    while (step.value === "wants-continue") {
      steps.push(step.value);
      step = reading.next();
    }
    if (step.done) return { request: step.value, steps };
    steps.push(step.value);
  }
  return { request: undefined, steps };
}

function read(text: string): ReadRequest | undefined {
  return readPieces([text]).request;
}

const line = "POST /8b2a HTTP/1.1\r\nHost: west:9090\r\n";

test("readHttpRequest() reads a request however it is cut", () => {
  const text = `${line}Name: east\r\nsubject:\t east-1 \r\nContent-Length: 5\r\n\r\nhello`;
  for (let cut = 1; cut < text.length; cut++) {
    const { request } = readPieces([text.slice(0, cut), text.slice(cut)]);
    assert.equal(request?.method, "POST");
    assert.equal(request.path, "/8b2a");
    assert.equal(request.headers.get("name"), "east");
    assert.equal(request.headers.get("subject"), "east-1");
    assert.equal(Buffer.from(request.body).toString(), "hello");
  }
  assert.equal(Buffer.from(readPieces([...text]).request!.body).toString(), "hello");
  assert.equal(read(text.slice(0, -1)), undefined);
});

test("readHttpRequest() drops the blanks around a value, and none within it", () => {
  const blanks = " \t".repeat(3000);
  const values: [sent: string, read: string][] = [
    ["", ""],
    [blanks, ""],
    ["a", "a"],
    [`${blanks}a${blanks}`, "a"],
    [`a${blanks}b`, `a${blanks}b`],
    [` a${blanks}b `, `a${blanks}b`],
  ];
  for (const [sent, value] of values) {
    assert.equal(read(`${line}name:${sent}\r\n\r\n`)?.headers.get("name"), value);
  }
});

test("readHttpRequest() reads chunked bodies with extensions and trailers", () => {
  const body = "2\r\nhe\r\n003;x=y\r\nllo\r\n0\r\nTrailer: t\r\n\r\n";
  const text = `${line}Transfer-Encoding: Chunked\r\n\r\n${body}`;
  for (const pieces of [[text], [...text]]) {
    assert.equal(Buffer.from(readPieces(pieces).request!.body).toString(), "hello");
  }
  assert.equal(read(text.slice(0, -2)), undefined);
});

test("readHttpRequest() leaves out the query, and what stands before the path", () => {
  for (const target of ["/8b2a", "/8b2a?x=/y", "https://west:9090/8b2a", "HTTP://west/8b2a?"]) {
    assert.equal(read(`POST ${target} HTTP/1.1\r\nHost: w\r\n\r\n`)?.path, "/8b2a");
  }
});

test("readHttpRequest() asks for the body where the client waits to be asked", () => {
  const text = `${line}Expect: 100-continue\r\nContent-Length: 5\r\n\r\n`;
  assert.deepEqual(readPieces([text, "hello"]).steps, ["wants-continue", "needs-body"]);
  assert.deepEqual(readPieces([`${text}hello`]).steps, []);
  assert.deepEqual(readPieces([text.replace("1.1", "1.0"), "hello"]).steps, ["needs-body"]);
});

test("readHttpRequest() takes a request without a body, and HTTP/1.0 without a host", () => {
  assert.equal(read(`${line}\r\n`)?.body.length, 0);
  assert.equal(read("GET /x HTTP/1.0\r\n\r\n")?.method, "GET");
});

const refused: [title: string, text: string, status: number][] = [
  ["no request line", "\r\n", 400],
  ["a line without version", "POST /x\r\n", 400],
  ["blanks in the target", "POST /x y HTTP/1.1\r\n", 400],
  ["a method that is no token", "PO(ST /x HTTP/1.1\r\n", 400],
  ["HTTP/2", "PRI * HTTP/2.0\r\n", 505],
  ["HTTP/1.2", "POST /x HTTP/1.2\r\n", 505],
  ["no host", "POST /x HTTP/1.1\r\n\r\n", 400],
  ["two hosts", `${line}Host: other\r\n\r\n`, 400],
  ["a header without colon", `${line}name\r\n`, 400],
  ["a header without name", `${line}: x\r\n`, 400],
  ["a blank before the colon", `${line}name : x\r\n`, 400],
  ["a folded header", `${line}name: x\r\n y\r\n`, 400],
  ["a control character", `${line}name: x\0\r\n`, 400],
  ["a bare line feed", `${line}name: x\nsubject: y\r\n`, 400],
  ["a length that is no number", `${line}Content-Length: 5x\r\n\r\n`, 400],
  ["a negative length", `${line}Content-Length: -5\r\n\r\n`, 400],
  ["two lengths", `${line}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`, 400],
  ["length and chunks", `${line}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
  ["chunks of HTTP/1.0", "POST /x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400],
  ["another coding", `${line}Transfer-Encoding: gzip, chunked\r\n\r\n`, 501],
  ["another expectation", `${line}Expect: a miracle\r\nContent-Length: 5\r\n\r\n`, 417],
  ["a body announced too large", `${line}Content-Length: 4097\r\n\r\n`, 413],
  ["a length past all numbers", `${line}Content-Length: ${"9".repeat(15)}\r\n\r\n`, 413],
  ["a header too large", `${line}x: ${"y".repeat(16 * 1024)}`, 431],
  ["too many headers", `${line}${"x: y\r\n".repeat(3000)}`, 431],
];

const chunked = `${line}Transfer-Encoding: chunked\r\n\r\n`;

for (
  const [title, text, status] of [
    ...refused,
    ["a chunk without size", `${chunked}\r\n`, 400],
    ["a chunk of negative size", `${chunked}-1\r\n`, 400],
    ["a chunk longer than said", `${chunked}1\r\nab\r\n`, 400],
    ["chunks too large together", `${chunked}${"800\r\n" + "x".repeat(2048) + "\r\n"}fff\r\n`, 413],
    ["framing without end", `${chunked}1;${"x".repeat(5000)}`, 413],
    ["trailers without end", `${chunked}0\r\n${"x: y\r\n".repeat(1000)}`, 413],
  ] as typeof refused
) {
  test(`readHttpRequest() refuses ${title} with ${status}`, () => {
    for (const pieces of [[text], text.match(/[^]{1,7}/g)!]) {
      assert.throws(
        () => readPieces(pieces),
        (error) => error instanceof HttpProblem && error.status === status,
      );
    }
  });
}
