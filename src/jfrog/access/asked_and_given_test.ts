import assert from "node:assert/strict";
import { test } from "node:test";
import { makeJwt } from "../../../test/fakes/access_rules.ts";
import { differences } from "./asked_and_given.ts";

const token = (claims: object) => ({
  access_token: makeJwt({ sub: "jfac@1/users/bob", iat: 1000, ...claims }),
});

const asked = { refreshable: false, include_reference_token: false };

test("differences() finds what was asked for and not given", () => {
  const table: [object, object, RegExp[]][] = [
    [{}, {}, []],
    [{ include_reference_token: true }, { reference_token: "r" }, []],
    [{ include_reference_token: true }, {}, [/^No reference token was made: .*7\.38\.10/]],
    [{ refreshable: true }, {}, [/^No refresh token/]],
    [{ expires_in: 100 }, { expires_in: 100 }, []],
    [{ expires_in: 100 }, { expires_in: 50 }, [
      /^The token is good for 50 seconds, and one for 100 /,
    ]],
    [{ expires_in: 100 }, token({ exp: 1100 }), []],
    [{ expires_in: 100 }, token({ exp: 1050 }), [/good for 50 seconds/]],
    [{ expires_in: 100 }, token({}), [
      /^The token is good without end, and one for 100 seconds was /,
    ]],
    [{ expires_in: 0 }, token({}), []],
    [{ expires_in: 0 }, {}, []],
    [{ expires_in: 0 }, { expires_in: 50 }, [/for 50 seconds, and one without end was asked/]],
    [{ scope: 'a b:"c d"' }, { scope: 'b:"c d" a' }, []],
    [{ scope: "a b" }, { scope: "a" }, [/^The token's scope is a, and a b was asked for$/]],
    [{ scope: "a" }, {}, []],
    [{ scope: "a b" }, token({ scp: "b a" }), []],
    [{ scope: "a" }, token({ scp: "applied-permissions/admin" }), [/scope is applied-permissions/]],
    [{ username: "BOB" }, token({}), []],
    [{ username: "jfac@1/users/bob" }, token({}), []],
    [{ username: "eve" }, token({}), [/^The token is that of bob, and one of eve was asked for$/]],
    [{ username: "eve" }, {}, []],
    [{ audience: "jfrt@1 jfxr@2" }, { audience: "jfxr@2 jfrt@1 jfac@1" }, []],
    [{ audience: "jfrt@1 jfxr@2" }, { audience: "jfrt@1" }, [/for jfrt@1, .* for jfxr@2 too$/]],
    [{ audience: "jfrt@1" }, {}, []],
  ];
  for (const [more, given, wanted] of table) {
    const found = differences({ ...asked, ...more }, { access_token: "t", ...given });
    assert.equal(found.length, wanted.length, found.join());
    wanted.forEach((pattern, index) => assert.match(found[index]!, pattern));
  }
});
