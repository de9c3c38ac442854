/** In place of the product's access to an API server: nothing is refused in a simulation. */
export class ServerAgent {}

export function explainRefusal(): undefined {}
