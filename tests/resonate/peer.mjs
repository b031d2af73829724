// The official SDK as a node of a Resonate server, to show that others understand what we write and the reverse.
//
//   node peer.mjs worker URL GROUP   serves add(a, b) and fail(text); prints "ready" once calls reach it
//   node peer.mjs client URL ID      creates or finds the promise, waits for it, and prints {"state":..,"value":..}
//
// RESONATE_TOKEN is the token, if the server wants one. Either ends when its stdin closes.

import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { Codec, HttpNetwork, PollMessageSource, Resonate } from "@resonatehq/sdk";

// The SDK is made for Node 22; this is all it uses that Node 20 lacks.
Promise.withResolvers ??= () => {
  const resolvers = {};
  resolvers.promise = new Promise((resolve, reject) => Object.assign(resolvers, { resolve, reject }));
  return resolvers;
};

const PROMISE_LIFETIME_MS = 10 * 60 * 1000;

// The parts are put together here rather than by the SDK, as it does not tell when its message stream is open, and
// what is sent before that is lost.
async function connect(url, group) {
  const pid = randomUUID();
  const token = process.env.RESONATE_TOKEN;
  const adapter = new PollMessageSource({ url: `${url}/poll/${group}/${pid}`, token });
  const resonate = new Resonate({ pid, group, network: new HttpNetwork({ url, token, adapter }) });
  return { resonate, connected: once(adapter.eventSource, "open") };
}

async function work(url, group) {
  const { resonate, connected } = await connect(url, group);
  resonate.register("add", (_context, a, b) => a + b);
  // A generator, as the SDK repeats any other function that throws until its promise times out.
  resonate.register("fail", function* (_context, text) {
    throw new Error(text);
  });
  await connected;
  console.log("ready");
}

async function wait(url, id) {
  const { resonate, connected } = await connect(url, "peer-clients");
  await connected;
  // Only a promise that others may see can be waited for.
  await resonate.promises.create(id, Date.now() + PROMISE_LIFETIME_MS, { tags: { "resonate:scope": "global" } });
  const outcome = await resonate.get(id);
  const failure = await outcome.result().then(() => undefined, (error) => error);

  const { state, value } = await resonate.promises.get(id);
  if (state === "pending") throw failure;
  const showErrors = (_key, item) => (item instanceof Error ? { name: item.name, message: item.message } : item);
  console.log(JSON.stringify({ state, value: new Codec().decode(value) }, showErrors));
  process.exit();
}

process.stdin.on("close", () => process.exit()).resume();
const [mode, url, name] = process.argv.slice(2);
await { worker: work, client: wait }[mode](url, name);
