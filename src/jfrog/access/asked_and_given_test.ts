import assert from "node:assert/strict";
import { test } from "node:test";
import { differences } from "./asked_and_given.ts";

const asked = { refreshable: false, include_reference_token: false };

test("differences() finds what was asked for and not given", () => {
  const table: [object, object, RegExp[]][] = [
    [{}, {}, []],
    [{ include_reference_token: true }, { reference_token: "r" }, []],
    [{ include_reference_token: true }, {}, [/^No reference token was made: .*7\.38\.10/]],
    [{ refreshable: true }, {}, [/^No refresh token/]],
    [{ expires_in: 100 }, { expires_in: 100 }, []],
    [{ expires_in: 100 }, { expires_in: 50 }, [/for 50 seconds, .* for 100 seconds/]],
    [{ expires_in: 0 }, {}, []],
    [{ expires_in: 0 }, { expires_in: 50 }, [/asked for without end/]],
    [{ scope: 'a b:"c d"' }, { scope: 'b:"c d" a' }, []],
    [{ scope: "a b" }, { scope: "a" }, [/^The token's scope is a, and a b was asked for$/]],
    [{ scope: "a" }, {}, []],
  ];
  for (const [more, given, wanted] of table) {
    const found = differences({ ...asked, ...more }, { access_token: "t", ...given });
    assert.equal(found.length, wanted.length, found.join());
    wanted.forEach((pattern, index) => assert.match(found[index]!, pattern));
  }
});
