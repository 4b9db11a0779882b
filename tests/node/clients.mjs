// A conversation of a client that is not ours, told line by line as JSON: `node clients.mjs PACKAGE URL`.
// One connection for all of it: a refused operation must not take it down.
import WebSocket from "ws";
import { createClient } from "graphql-ws";
import { SubscriptionClient } from "subscriptions-transport-ws";

const [, , name, url] = process.argv;

const OPERATIONS = [
  ["query", "query Me { me { id } }"],
  ["refused", "query Schema { __schema { types { name } } }"],
  ["expensive", "query Much { products(first: 1000000) { nodes { reviews(first: 1000000) { nodes { id } } } } }"],
  ["subscription", "subscription Down { countdown(from: 3) }"],
  ["mutation", 'mutation In { login(email: "ada@shop.example", password: "lovelace") { token } }'],
  ["last", "query Again { me { id } }"],
];

const tell = (what) => console.log(JSON.stringify(what));

function modern() {
  let connections = 0;
  const client = createClient({
    url,
    webSocketImpl: WebSocket,
    lazy: false,
    retryAttempts: 0,
    connectionParams: { token: "t" },
    on: { connected: () => (connections += 1), closed: (event) => tell({ closed: event.code }) },
  });
  const run = (query) =>
    new Promise((done) => {
      const values = [];
      client.subscribe(
        { query },
        {
          next: (value) => values.push(value),
          error: (error) => done({ values, errors: error }),
          complete: () => done({ values }),
        },
      );
    });
  return { run, end: () => client.dispose(), connections: () => connections };
}

function legacy() {
  let connections = 0;
  const client = new SubscriptionClient(url, { reconnect: false, connectionParams: { token: "t" } }, WebSocket);
  client.onConnected(() => (connections += 1));
  client.onDisconnected(() => tell({ closed: true }));
  const run = (query) =>
    new Promise((done) => {
      const values = [];
      client.request({ query }).subscribe({
        next: (value) => values.push(value),
        error: (error) => done({ values, errors: [].concat(error) }),
        complete: () => done({ values }),
      });
    });
  return { run, end: () => client.close(), connections: () => connections };
}

const client = name === "graphql-ws" ? modern() : legacy();
for (const [operation, query] of OPERATIONS) {
  const { values, errors } = await client.run(query);
  const codes = errors instanceof Array ? errors.map((error) => error.extensions?.code ?? error.message) : errors;
  tell({ operation, values, codes });
}
await client.end();
tell({ connections: client.connections() });
