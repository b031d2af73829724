// A server that answers with anything but what was asked for:  node liar.mjs
//
// The first line on stdout is {"port":N}. It ends when its stdin closes.

import { createServer } from "node:http";

const LIES = [
  null, 5, "x", [], {}, [1],
  { promise: 5 },
  { promise: { id: 5, state: [] } },
  { promise: { id: "a", state: "pending", timeoutAt: "x", param: 7, value: { data: 5 } } },
  { promise: { id: "a", state: "resolved", value: { data: "!!!" } } },
  { task: 5 },
  { task: { state: "acquired", version: -5, pid: {} }, promise: { id: "a", state: "pending", timeoutAt: 1e300 } },
  { action: 5 },
  { action: { head: 5, data: 6 } },
  { action: { head: { status: "x" } } },
];
const STATUSES = [200, 200, 200, 300, 400, 404, 409, 422, 501];
let turn = 0;
const next = (list) => list[turn++ % list.length];

const server = createServer(async (request, response) => {
  if (request.method === "GET") {
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    LIES.forEach((data) => response.write(`data: ${JSON.stringify({ kind: "unblock", data })}\n\n`));
    response.end("data: {{{\n\ndata:\n\n\xff\xfe\n\n");
    return;
  }
  let body = "";
  for await (const piece of request) body += piece;
  const { kind, head } = JSON.parse(body);
  const status = next(STATUSES);
  const heads = [...Array(8).fill({ corrId: head.corrId, status }), {}, 5, { corrId: 1, status: "x" }];
  response.writeHead(status).end(JSON.stringify({ kind, head: next(heads), data: next(LIES) }));
});

server.listen(0, "127.0.0.1", () => console.log(JSON.stringify({ port: server.address().port })));
process.stdin.on("end", () => process.exit(0)).resume();
