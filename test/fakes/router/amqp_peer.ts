import type { TLSSocket } from "node:tls";
import rhea, { type EventContext, type Message } from "rhea";

/** What is done with a connection that has come. */
export interface PeerEvents {
  opened(container: string): void;
  closed(): void;
  /** The answer to a message; undefined: none. Where there is no `ask`, nobody may attach. */
  ask: ((message: Message) => Message | "unroutable" | undefined) | undefined;
}

/** Speaks the server's side of AMQP on a TLS socket, with SASL EXTERNAL as routers want it. */
export function speakAmqp(socket: TLSSocket, id: string, events: PeerEvents): void {
  const container = rhea.create_container({ id });
  const options = { enable_sasl_external: true, idle_time_out: 8000, container_id: id };
  const connection = container.create_connection(
    options as unknown as Parameters<typeof rhea.create_connection>[0],
  );
  const replies = new Map<string, (message: Message) => void>();
  let count = 0;
  const ended = () => events.closed();
  connection.on("connection_open", () => events.opened(connection.container_id));
  for (const event of ["connection_close", "disconnected", "protocol_error", "error"]) {
    connection.on(event, ended);
  }
  connection.on("sender_open", ({ sender }: EventContext) => {
    if (events.ask === undefined) return sender!.close({ condition: "amqp:not-allowed" });
    const address = `amqp:/_topo/0/${id}/temp.${++count}`;
    if (sender!.source.dynamic) sender!.set_source({ address });
    replies.set(address, (message) => sender!.send(message));
  });
  connection.on("receiver_open", ({ receiver }: EventContext) => {
    if (events.ask === undefined) return receiver!.close({ condition: "amqp:not-allowed" });
    receiver!.set_target({ address: receiver!.target.address });
  });
  connection.on("message", ({ message, delivery }: EventContext) => {
    const answer = events.ask?.(message!);
    if (answer === "unroutable") return delivery!.modified({ delivery_failed: true });
    delivery!.accept();
    const reply = replies.get(String(message!.reply_to));
    if (answer !== undefined) reply?.({ ...answer, correlation_id: message!.correlation_id! });
  });
  // rhea's own property, which its types lack
  (connection as unknown as { accept(socket: TLSSocket): void }).accept(socket);
}
