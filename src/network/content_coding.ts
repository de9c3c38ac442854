import type { Buffer } from "node:buffer";
import { gunzip, inflate, inflateRaw, type InputType, type ZlibOptions } from "node:zlib";
import { awaitEvents } from "../runtime/abortable.ts";
import { AnswerFault, tooLarge } from "./answer_fault.ts";
import { codeOf } from "./connection_fault.ts";

/** The content codings that answers may have (RFC 9110 8.4.1), as the header Accept-Encoding. */
export const acceptedCodings = "gzip, deflate";

type Inflater = (
  data: InputType,
  options: ZlibOptions,
  done: (error: Error | null, result: Buffer) => void,
) => void;

/**
 * Decodes a body by the coding that its header names. Rejects with an AnswerFault where the result
 * is longer than `maxBytes`, the coding is unknown, or the body is damaged, and with the signal's
 * reason.
 */
export async function decodeBody(
  body: Buffer,
  coding: string | undefined,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Buffer> {
  const name = coding?.trim().toLowerCase() ?? "";
  if (name === "" || name === "identity" || body.length === 0) return body;
  const inflater = inflaterOf(name, body);
  if (inflater === undefined) throw new AnswerFault(`it is encoded as ${JSON.stringify(name)}`);
  return await awaitEvents(signal, (resolve, reject) => {
    inflater(body, { maxOutputLength: maxBytes }, (error, result) => {
      if (error === null) resolve(result);
      else if (codeOf(error) === "ERR_BUFFER_TOO_LARGE") reject(tooLarge(maxBytes));
      else reject(new AnswerFault(`it can't be decompressed (${name})`, { cause: error }));
    });
    return () => {};
  });
}

function inflaterOf(name: string, body: Buffer): Inflater | undefined {
  if (name === "gzip" || name === "x-gzip") return gunzip;
  if (name !== "deflate") return undefined;
  // some servers leave out the zlib header that RFC 9110 8.4.1.2 wants
  return (body[0]! & 0x0f) === 8 ? inflate : inflateRaw;
}
