/** The program that does nothing: what it takes is the runtime's own. */
export {};
