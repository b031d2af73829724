// Checks the front, the peers and the proxy against the transcripts of the real server:  node --test selftest.mjs

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { createInterface } from "node:readline";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";

const VERSION = "2026-04-01";
const HEAD = { corrId: "c1", version: VERSION };
const MINUTE = 60_000;

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64");
const decode = (data) => JSON.parse(Buffer.from(data, "base64").toString());
const soon = (ms = MINUTE) => Date.now() + ms;

const children = new Set();
after(() => children.forEach((child) => child.stdin.end()));

function run(script, ...args) {
  const path = new URL(script, import.meta.url).pathname;
  const child = spawn(process.execPath, [path, ...args.map(String)], { stdio: ["pipe", "pipe", "inherit"] });
  children.add(child);
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, line: async () => (await lines.next()).value };
}

async function runServer(script, ...args) {
  const { child, line } = run(script, ...args);
  const { port } = JSON.parse(await line());
  return { child, line, port, url: `http://127.0.0.1:${port}` };
}

async function runProxy(target, seed) {
  const proxy = await runServer("proxy.mjs", "--target", target, "--seed", seed);
  proxy.set = async (settings) => {
    proxy.child.stdin.write(`${JSON.stringify(settings)}\n`);
    assert.deepEqual(JSON.parse(await proxy.line()), { ok: true });
  };
  return proxy;
}

async function post(url, kind, data, head = HEAD) {
  const response = await fetch(url, { method: "POST", body: JSON.stringify({ kind, head, data }) });
  const envelope = await response.json();
  assert.deepEqual(envelope.head, { corrId: head.corrId, status: response.status, version: VERSION });
  assert.equal(envelope.kind, kind);
  return { status: response.status, data: envelope.data };
}

async function* messagesIn(body) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of body) {
    const events = (text + decoder.decode(chunk, { stream: true })).split("\n\n");
    text = events.pop();
    for (const event of events) {
      assert.match(event, /^data: [^\n]*$/);
      yield JSON.parse(event.slice("data: ".length));
    }
  }
}

// The stream is open, and thus the node known to the front, when this returns.
async function openPoll(url, group, id, headers) {
  const response = await fetch(`${url}/poll/${group}/${id}`, { headers });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "text/event-stream");
  const messages = messagesIn(response.body);
  return async () => (await messages.next()).value;
}

const front = await runServer("front.mjs");
const rpc = (kind, data) => post(front.url, kind, data);
const settleAction = (id, state, value) => ({ kind: "promise.settle", head: {}, data: { id, state, value } });
const createAction = (id, tags, timeoutAt = soon()) => ({ kind: "promise.create", head: {}, data: { id, timeoutAt, tags } });
const create = (id, tags = {}, timeoutAt = soon()) => rpc("promise.create", { id, timeoutAt, param: {}, tags });

test("promise.create, get and settle: the first of each wins", async () => {
  const id = randomUUID();
  const first = { id, timeoutAt: soon(), param: { headers: { a: "b" }, data: encode(1) }, tags: { k: "v" } };
  const created = await rpc("promise.create", first);
  assert.equal(created.status, 200);
  const { createdAt, ...record } = created.data.promise;
  assert.deepEqual(record, { ...first, state: "pending", value: {} });
  assert.equal(typeof createdAt, "number");

  assert.deepEqual(await rpc("promise.create", { ...first, param: { data: encode(2) } }), created);
  assert.deepEqual(await rpc("promise.get", { id }), created);

  const settled = await rpc("promise.settle", { id, state: "resolved", value: { data: encode(42) } });
  assert.equal(settled.data.promise.state, "resolved");
  assert.equal(typeof settled.data.promise.settledAt, "number");
  assert.deepEqual(await rpc("promise.settle", { id, state: "rejected", value: { data: encode("no") } }), settled);
  assert.deepEqual(await rpc("promise.create", first), settled);
});

test("optional members may be left out", async () => {
  const id = randomUUID();
  const created = await rpc("promise.create", { id, timeoutAt: soon() });
  assert.deepEqual([created.data.promise.param, created.data.promise.tags], [{}, {}]);
  const settled = await rpc("promise.settle", { id, state: "rejected_canceled" });
  assert.equal(settled.data.promise.state, "rejected_canceled");
});

test("a promise times out", async () => {
  const rejected = randomUUID();
  const timer = randomUUID();
  const deadline = soon(300);
  await create(rejected, {}, deadline);
  await create(timer, { "resonate:timer": "true" }, deadline);
  await sleep(350);
  const late = await rpc("promise.settle", { id: rejected, state: "resolved", value: {} });
  assert.equal(late.data.promise.state, "rejected_timedout");
  assert.equal(late.data.promise.settledAt, deadline);
  assert.equal((await rpc("promise.get", { id: timer })).data.promise.state, "resolved");

  const past = (await create(randomUUID(), {}, 1000)).data.promise;
  assert.deepEqual([past.state, past.createdAt, past.settledAt], ["rejected_timedout", 1000, 1000]);
});

test("requests that cannot be served", async () => {
  assert.equal((await rpc("promise.get", { id: randomUUID() })).status, 404);
  assert.equal((await rpc("promise.settle", { id: randomUUID(), state: "resolved" })).status, 404);
  assert.equal((await rpc("promise.settle", { id: "x", state: "rejected_timedout" })).status, 400);
  assert.equal((await rpc("promise.create", { id: "x" })).status, 400);
  assert.equal((await create("x", { "resonate:target": "workers" })).status, 400);
  assert.equal((await rpc("bogus.kind", {})).status, 400);
  assert.equal((await rpc("debug.reset", {})).status, 403);
  assert.equal((await post(front.url, "promise.get", { id: "x" }, { ...HEAD, auth: 1 })).status, 400);
  const oldVersion = { kind: "promise.get", head: { ...HEAD, version: "2025-01-01" }, data: { id: "x" } };
  assert.equal((await fetch(front.url, { method: "POST", body: JSON.stringify(oldVersion) })).status, 400);
  for (const body of ["not json", "null", "[]", "{}", '{"kind":"promise.create"}']) {
    assert.equal((await fetch(front.url, { method: "POST", body })).status, 400);
  }

  const post413 = (size) => fetch(front.url, { method: "POST", body: "x".repeat(size) });
  assert.equal((await post413(2 * 1024 * 1024)).status, 400);
  const tooBig = await post413(2 * 1024 * 1024 + 1);
  assert.equal(tooBig.status, 413);
  assert.match(tooBig.headers.get("content-type"), /^text\/plain/);
  for (const path of ["ready", "health"]) assert.equal((await fetch(`${front.url}/${path}`)).status, 200);
  assert.equal((await fetch(`${front.url}/promises`)).status, 404);
});

test("a task from execute to fulfill", async () => {
  const id = randomUUID();
  const next = await openPoll(front.url, "life", "n1");
  await create(id, { "resonate:target": "poll://any@life", "resonate:branch": id });
  assert.deepEqual(await next(), { kind: "execute", head: {}, data: { task: { id, version: 0 } } });

  const acquire = (version) => rpc("task.acquire", { id, version, pid: "n1", ttl: MINUTE });
  assert.equal((await acquire(7)).status, 409);
  const acquired = await acquire(0);
  assert.equal(acquired.data.promise.id, id);
  assert.deepEqual(acquired.data.preload, []);
  assert.deepEqual(acquired.data.task, { id, version: 1, state: "acquired", resumes: [], pid: "n1", ttl: MINUTE });
  assert.equal((await acquire(0)).status, 409);
  assert.equal((await rpc("task.acquire", { id: "nojob", version: 0, pid: "n1", ttl: 1 })).status, 404);

  const fence = (version, action) => rpc("task.fence", { id, version, action });
  const child = `${id}.1`;
  const fenced = await fence(1, createAction(child, { "resonate:branch": id }));
  assert.equal(fenced.status, 200);
  assert.equal(fenced.data.action.kind, "promise.create");
  assert.deepEqual(fenced.data.action.head, { ...HEAD, status: 200 });
  assert.equal(fenced.data.action.data.promise.id, child);
  assert.equal((await fence(1, settleAction(child, "resolved", {}))).data.action.data.promise.state, "resolved");
  assert.equal((await fence(3, createAction(`${id}.x`, {}))).status, 409);

  const suspend = (awaited) => {
    const actions = [{ kind: "promise.register_callback", head: {}, data: { awaiter: id, awaited } }];
    return rpc("task.suspend", { id, version: 1, actions });
  };
  const carryOn = await suspend(child);
  assert.equal(carryOn.status, 300);
  assert.deepEqual(carryOn.data.preload.map((promise) => promise.id), [child]);
  assert.equal((await suspend("missing")).status, 422);
  const awaited = randomUUID();
  await create(awaited);
  assert.equal((await suspend(awaited)).status, 200);
  await rpc("promise.settle", { id: awaited, state: "resolved" });
  assert.deepEqual((await next()).data.task, { id, version: 1 });

  assert.equal((await acquire(1)).data.task.version, 2);
  assert.equal((await rpc("task.release", { id, version: 2 })).status, 200);
  assert.deepEqual((await next()).data.task, { id, version: 2 });
  assert.equal((await acquire(2)).data.task.version, 3);

  const fulfill = (version) =>
    rpc("task.fulfill", { id, version, action: settleAction(id, "resolved", { data: encode("ok") }) });
  assert.equal((await fulfill(2)).status, 409);
  const fulfilled = await fulfill(3);
  assert.equal(fulfilled.data.promise.value.data, encode("ok"));
  assert.equal((await fulfill(3)).status, 409);
  assert.deepEqual((await rpc("task.get", { id })).data.task, { id, version: 3, state: "fulfilled", resumes: [] });
});

test("task.create", async () => {
  const id = randomUUID();
  const target = { "resonate:target": "poll://any@nobody" };
  const createTask = (promise, tags) => rpc("task.create", { pid: "n1", ttl: MINUTE, action: createAction(promise, tags) });

  const created = await createTask(id, target);
  assert.deepEqual([created.data.task.state, created.data.task.version], ["acquired", 1]);
  assert.equal((await createTask(id, target)).status, 409);
  await rpc("promise.settle", { id, state: "resolved" });
  const late = await createTask(id, target);
  assert.deepEqual([late.data.task.state, late.data.promise.state], ["fulfilled", "resolved"]);

  const pending = randomUUID();
  await create(pending, target);
  assert.equal((await createTask(pending, target)).data.task.version, 1);

  assert.equal((await createTask(randomUUID(), {})).status, 400);
  const plain = randomUUID();
  await create(plain);
  assert.equal((await createTask(plain, target)).status, 422);
});

test("a heartbeat keeps the lease, and without one another node gets the task", async () => {
  const id = randomUUID();
  const next = await openPoll(front.url, "lease", "b");
  await create(id, { "resonate:target": "poll://any@lease/a" });
  assert.deepEqual((await next()).data.task, { id, version: 0 });
  await rpc("task.acquire", { id, version: 0, pid: "a", ttl: 1000 });
  for (let beat = 0; beat < 4; ++beat) {
    await sleep(300);
    const beaten = await rpc("task.heartbeat", { pid: "a", tasks: [{ id, version: 1 }] });
    assert.deepEqual(beaten, { status: 200, data: {} });
  }
  assert.equal((await rpc("task.get", { id })).data.task.state, "acquired");
  assert.deepEqual((await next()).data.task, { id, version: 1 });
  assert.equal((await rpc("task.heartbeat", { pid: "a", tasks: [{ id, version: 1 }] })).status, 200);
  assert.equal((await rpc("task.get", { id })).data.task.state, "pending");
  assert.equal((await rpc("task.acquire", { id, version: 1, pid: "b", ttl: MINUTE })).data.task.version, 2);
  const zombie = await rpc("task.fulfill", { id, version: 1, action: settleAction(id, "resolved", {}) });
  assert.equal(zombie.status, 409);
});

test("register_listener leads to one unblock", async () => {
  const id = randomUUID();
  const timedOut = randomUUID();
  const local = randomUUID();
  const address = "poll://uni@hosts/h1";
  const next = await openPoll(front.url, "hosts", "h1");
  await create(id, { "resonate:scope": "global" });
  const listen = (awaited) => rpc("promise.register_listener", { awaited, address });
  assert.equal((await listen(id)).data.promise.state, "pending");
  assert.equal((await listen(id)).status, 200);
  const settled = await rpc("promise.settle", { id, state: "rejected", value: { data: encode("no") } });
  assert.deepEqual(await next(), { kind: "unblock", head: {}, data: settled.data });
  assert.deepEqual(await listen(id), settled);

  await create(timedOut, { "resonate:target": "poll://any@nobody" }, soon(300));
  await listen(timedOut);
  const { promise } = (await next()).data;
  assert.deepEqual([promise.id, promise.state], [timedOut, "rejected_timedout"]);

  assert.equal((await listen("missing")).status, 404);
  assert.equal((await rpc("promise.register_listener", { awaited: id, address: "h1" })).status, 400);
  await create(local);
  assert.equal((await listen(local)).status, 422);
});

test("addresses", async () => {
  const a = await openPoll(front.url, "cast", "a");
  const b = await openPoll(front.url, "cast", "b");
  const send = async (target) => {
    const id = randomUUID();
    await create(id, { "resonate:target": target });
    return id;
  };
  for (let i = 0; i < 5; ++i) {
    const [toA, toB] = [await send("poll://any@cast/a"), await send("poll://uni@cast/b")];
    assert.deepEqual([(await a()).data.task.id, (await b()).data.task.id], [toA, toB]);
  }
  await send("poll://uni@cast/gone");
  const rerouted = await send("poll://any@cast/gone");
  assert.equal((await Promise.race([a(), b()])).data.task.id, rerouted);
});

test("a token", async () => {
  const guarded = await runServer("front.mjs", "--token", "secret");
  const get = (head) => post(guarded.url, "promise.get", { id: "x" }, head);
  assert.equal((await get(HEAD)).status, 401);
  assert.equal((await get({ ...HEAD, auth: "wrong" })).status, 401);
  assert.equal((await get({ ...HEAD, auth: "secret" })).status, 404);
  assert.equal((await fetch(`${guarded.url}/poll/g/n`)).status, 401);
  await openPoll(guarded.url, "g", "n", { authorization: "Bearer secret" });
});

test("the front ends with its stdin and on SIGTERM", async () => {
  for (const end of [(child) => child.stdin.end(), (child) => child.kill("SIGTERM")]) {
    const { child } = await runServer("front.mjs");
    const exited = new Promise((resolve) => child.on("exit", resolve));
    end(child);
    assert.equal(await exited, 0);
  }
});

test("an SDK worker takes calls made by raw HTTP", async () => {
  const worker = run("peer.mjs", "worker", front.url, "sdk");
  assert.equal(await worker.line(), "ready");
  const next = await openPoll(front.url, "callers", "c1");
  const call = async (param) => {
    const id = randomUUID();
    const tags = {
      "resonate:target": "poll://any@sdk",
      "resonate:scope": "global",
      "resonate:origin": id,
      "resonate:branch": id,
      "resonate:parent": id,
    };
    await rpc("promise.create", { id, timeoutAt: soon(), param: { data: encode(param) }, tags });
    const { promise } = (await rpc("promise.register_listener", { awaited: id, address: "poll://uni@callers/c1" })).data;
    return promise.state === "pending" ? (await next()).data.promise : promise;
  };

  const sum = await call({ func: "add", args: [2, 3], version: 1 });
  assert.deepEqual([sum.state, decode(sum.value.data)], ["resolved", 5]);
  const failure = await call({ func: "fail", args: ["broken"], version: 1 });
  assert.equal(failure.state, "rejected");
  const { __type, message, name } = decode(failure.value.data);
  assert.deepEqual([__type, message, name], ["error", "broken", "Error"]);
});

test("an SDK client sees a settlement made by raw HTTP", async () => {
  const waitForCreation = async (id) => {
    while ((await rpc("promise.get", { id })).status === 404) await sleep(20);
  };
  for (const [state, sent, seen] of [
    ["resolved", { answer: 42 }, { answer: 42 }],
    ["rejected", { __type: "error", message: "broken", name: "Oops" }, { message: "broken", name: "Oops" }],
  ]) {
    const id = randomUUID();
    const client = run("peer.mjs", "client", front.url, id);
    await waitForCreation(id);
    await rpc("promise.settle", { id, state, value: { data: encode(sent) } });
    assert.deepEqual(JSON.parse(await client.line()), { state, value: seen });
  }
});

async function startCounter() {
  const seen = [];
  const counter = createServer((request, response) => {
    request.resume().on("end", () => response.end(`answer ${seen.push(request.url)}`));
  });
  await new Promise((resolve) => counter.listen(0, "127.0.0.1", resolve));
  after(() => counter.close());
  return { seen, port: counter.address().port };
}

const text = async (url) => (await fetch(url, { method: "POST", body: "x" })).text();

test("each fault of the proxy", async () => {
  const { seen, port } = await startCounter();
  const proxy = await runProxy(port, 1);
  assert.equal(await text(proxy.url), "answer 1");

  await proxy.set({ drop: 1 });
  await assert.rejects(text(proxy.url));
  assert.equal(seen.length, 2);

  await proxy.set({ drop: 0, duplicate: 1 });
  assert.equal(await text(proxy.url), "answer 3");
  assert.equal(seen.length, 4);

  await proxy.set({ duplicate: 0, truncate: 1 });
  const response = await fetch(proxy.url, { method: "POST", body: "x" });
  assert.equal(response.headers.get("content-length"), "8");
  let received = "";
  await assert.rejects(async () => {
    for await (const chunk of response.body) received += Buffer.from(chunk);
  });
  assert.equal(received, "answ");

  await proxy.set({ truncate: 0, delay_ms: 200 });
  const start = performance.now();
  assert.equal(await text(proxy.url), "answer 6");
  assert.ok(performance.now() - start >= 195);

  await proxy.set({ delay_ms: 0, down: true });
  await assert.rejects(text(proxy.url));
  assert.equal(seen.length, 6);
  await proxy.set({ down: false });
  assert.equal(await text(proxy.url), "answer 7");
});

test("the proxy is repeatable for a seed", async () => {
  const { port } = await startCounter();
  const fates = async (seed) => {
    const proxy = await runProxy(port, seed);
    await proxy.set({ drop: 0.5 });
    let pattern = "";
    for (let i = 0; i < 40; ++i) pattern += await text(proxy.url).then(() => ".", () => "x");
    return pattern;
  };
  const [one, again, other] = [await fates(1), await fates(1), await fates(2)];
  assert.equal(one, again);
  assert.notEqual(one, other);
  assert.match(one, /x/);
  assert.match(one, /\./);
});

test("the proxy passes a poll through, and cuts it when down", async () => {
  const proxy = await runProxy(front.port, 1);
  // Probabilities of a request do not concern a poll.
  await proxy.set({ drop: 1 });
  const next = await openPoll(proxy.url, "through", "n1");
  const id = randomUUID();
  await create(id, { "resonate:target": "poll://any@through" });
  assert.equal((await next()).data.task.id, id);
  const cut = next().then(() => "ended", () => "ended");
  await proxy.set({ down: true });
  assert.equal(await cut, "ended");
});
