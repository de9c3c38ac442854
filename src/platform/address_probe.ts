export interface AddressProbe {
  /** What should give the site an address and has none itself; undefined: nothing lacks one. */
  lacking(signal: AbortSignal): Promise<string | undefined>;
}
