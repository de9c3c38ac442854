import { entry } from "./entry.ts";

/** What can be wrong with tokens and grants, and between a redeemer and a grant service. */
export const tokenErrors = {
  "token-file-invalid": entry<{ file: string; why: string }>({
    exit: "usage",
    message: (d) => `Cannot read a token from ${d.file}: ${d.why}`,
    hint: (_d, say) =>
      `A token file is made by "${say.program} token issue <file>" at the other site.`,
  }),
  "token-sealed": entry<{ file: string }>({
    exit: "usage",
    message: (d) => `The token in ${d.file} is sealed`,
    hint: () => "Open it with the key that it is sealed to: --identity <file>.",
  }),
  "seal-not-opened": entry<{ file: string; identityFile: string }>({
    exit: "refused",
    message: (d) =>
      `The token in ${d.file} is sealed to other keys than those of ${d.identityFile}`,
    hint: () => "Name the identity file whose recipient --seal-to had.",
  }),
  "identity-invalid": entry<{ file: string }>({
    exit: "usage",
    message: (d) =>
      `Cannot read a key from ${d.file}: it must hold identities of age, or a private key of SSH ` +
      "(ed25519, or rsa with 2048 bits or more)",
    hint: (_d, say) =>
      `"${say.program} key new <file>" makes one; age's own begin with AGE-SECRET-KEY-1.`,
  }),
  "identity-locked": entry<{ file: string }>({
    exit: "usage",
    message: (d) => `A passphrase protects the key in ${d.file}, and none is asked for`,
    hint: (d, say) =>
      `age asks for it: age --decrypt -i ${d.file} <token> | ${say.program} token redeem -`,
  }),
  "token-refused": entry<{ url: string }>({
    exit: "refused",
    message: (d) => `The grant service at ${d.url} refused the token: its code is not the grant's`,
    hint: () => "Ask for a new token.",
  }),
  "token-expired": entry<{ token: string; clock?: string }>({
    exit: "spent",
    message: (d) => `Token "${d.token}" has expired${d.clock === undefined ? "" : ` (${d.clock})`}`,
    hint: () => "Ask for a new token.",
  }),
  "token-used-up": entry<{ token: string }>({
    exit: "spent",
    message: (d) => `Token "${d.token}" is used up: its grant has no redemptions left`,
    hint: () => "Ask for a new token, or one with more redemptions (--redemptions-allowed).",
  }),
  "token-closed": entry<{ token: string }>({
    exit: "spent",
    message: (d) =>
      `Token "${d.token}" can't be redeemed: nobody can tell how many uses its grant has left`,
    hint: () => "Ask for a new token.",
  }),
  "token-revoked": entry<{ token: string }>({
    exit: "spent",
    message: (d) => `Token "${d.token}" was revoked at the site that issued it`,
    hint: () => "Ask for a new token.",
  }),
  "token-unknown": entry<{ token: string }>({
    exit: "spent",
    message: (d) => `Token "${d.token}" is no longer valid: its grant has expired or was removed`,
    hint: () => "Ask for a new token.",
  }),
  "token-not-redeemed": entry<{ token: string; message: string }>({
    exit: "failed",
    message: (d) => `Token "${d.token}" was not redeemed: ${d.message}`,
  }),
  "grants-disabled": entry<{ grant: string; namespace: string }>({
    exit: "precondition",
    message: (d) =>
      `No controller serves access grants in namespace "${d.namespace}": Skupper's there has them disabled`,
    hint: (_d, say) => `${say.command("controller manifest")} | kubectl apply -f -`,
  }),
  "token-own": entry<{ token: string; namespace: string }>({
    exit: "precondition",
    message: (d) =>
      `Token "${d.token}" was issued in this very namespace, "${d.namespace}": a site cannot link to itself`,
    hint: () => "Redeem it at another site. No use of it was spent.",
  }),
  "already-redeemed": entry<{ token: string; namespace: string; isLinkGone?: boolean }>({
    exit: "conflict",
    message: (d) => `Token "${d.token}" is already redeemed in namespace "${d.namespace}"`,
    hint: (d, say) =>
      d.isLinkGone
        ? `Its link was deleted. To redeem it once more, delete AccessToken "${d.token}" first.`
        : say.command(`link status ${d.token}`),
  }),
  "name-taken": entry<{ kind: string; name: string; namespace: string }>({
    exit: "conflict",
    message: (d) =>
      `${d.kind} "${d.name}" exists already in namespace "${d.namespace}" and was not made from this token`,
    hint: () => "Nothing was changed and no use of the token was spent.",
  }),
  "token-not-stored": entry<{ token: string; why: string; isOurKey: boolean }>({
    exit: "failed",
    message: (d) => `Token "${d.token}" is redeemed, but what it gave is not stored: ${d.why}`,
    hint: (d) =>
      d.isOurKey
        ? "Its key is kept. Once that is mended, the same command goes on, and spends no other use."
        : "Its grant service gives nothing twice: the same command spends another use.",
  }),
  "grant-code-throttled": entry<{ url: string; seconds: number }>({
    exit: "unreachable",
    message: (d) =>
      `The grant service at ${d.url} takes no more tries for now: too many wrong codes`,
    hint: (d) => `It takes tries again in ${d.seconds} seconds.`,
  }),
  "grant-expired": entry<{ grant: string; at: string }>({
    exit: "spent",
    message: (d) => `Access grant "${d.grant}" expired at ${d.at}`,
    hint: (_d, say) =>
      `A token without --grant gets a new one: ${say.command("token issue <file>")}`,
  }),
  "grant-used-up": entry<{ grant: string; allowed: number }>({
    exit: "spent",
    message: (d) => `Access grant "${d.grant}" has no redemptions left of ${d.allowed}`,
    hint: (_d, say) =>
      `A token without --grant gets a new one: ${say.command("token issue <file>")}`,
  }),
  "grant-failed": entry<{ grant: string; message: string }>({
    exit: "failed",
    message: (d) => `Access grant "${d.grant}" is in status Error: ${d.message}`,
  }),
  "grant-removed": entry<{ grant: string }>({
    exit: "conflict",
    retry: true,
    message: (d) => `Access grant "${d.grant}" was removed before its token was issued`,
  }),
  "ledger-failed": entry<{ grant: string; namespace: string }>({
    exit: "failed",
    message: (d) =>
      `Cannot keep the record of access grant "${d.grant}" in namespace "${d.namespace}"`,
  }),
  "ledger-damaged": entry<{ where: string }>({
    exit: "failed",
    message: (d) => `The record of an access grant's uses is damaged: ${d.where}`,
    hint: () => "Revoke the grant and issue a new one: nobody can tell how many uses it has left.",
  }),
  "ledger-outdated": entry({
    exit: "failed",
    message: () =>
      "Uses that were spent since can't be known: the data home was put back from a copy",
    hint: () => "Revoke the grant and issue a new one.",
  }),
  "answer-invalid": entry<{ url: string; why: string }>({
    exit: "failed",
    message: (d) => `The answer of the grant service at ${d.url} is not acceptable: ${d.why}`,
    hint: () => "Nothing of it was stored.",
  }),
  "server-error": entry<{ url: string; status: number; body: string }>({
    exit: "unreachable",
    message: (d) => `The grant service at ${d.url} answered ${d.status}: ${d.body}`,
  }),
  "unreachable": entry<{ url: string; why: string; hint?: string }>({
    exit: "unreachable",
    message: (d) => `Cannot reach ${d.url}: ${d.why}`,
    hint: (d) => d.hint,
  }),
  "tls-failed": entry<{ url: string; why: string; hint?: string }>({
    exit: "unreachable",
    message: (d) => `Cannot trust the server at ${d.url}: ${d.why}`,
    hint: (d) => d.hint,
  }),
} as const;
