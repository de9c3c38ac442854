/**
 * How long a command on a controller may go on once it is told to end, in milliseconds: a
 * controller finishes what is in flight, and what a container engine has begun is awaited to its
 * end.
 */
export const windDownMs = 120_000;
