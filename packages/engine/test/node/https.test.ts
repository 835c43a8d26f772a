import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:https";
import { type AddressInfo, createServer as createPlainServer } from "node:net";
import { test, type TestContext } from "node:test";
import { NodeHttp } from "../../dist/node/http.js";
import { NetPolicy } from "../../dist/node/net-policy.js";
import { tlsTrouble } from "../../dist/node/tls-trouble.js";

/** For "localhost" and 127.0.0.1, signed by itself; a secret of nobody. */
const CERT = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUGgAwIBAgIUB4MPRe2955EmSORNoTH1PoUcwl4wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMTE0MTgwOVoYDzIxMjYxMDI4
MTQxODA5WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAAS3Z4fcV1ACdXvN2+B1JTAfyh6HKuJNSYVMPUeRqqZ3++28vd4rJ38j
pobVY1WsiDZVWma1zieOFWovWLO0yUUao28wbTAdBgNVHQ4EFgQUIB8G9W+nndGp
J3ogDFE7sHYBPeUwHwYDVR0jBBgwFoAUIB8G9W+nndGpJ3ogDFE7sHYBPeUwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDSAAwRQIhAKz38N2n3i45EUY2duUMn9A0VzYZN7c9uQ4/oQPJJgPAAiBs
kWOlAhgXlLfXQpRKHVF0Ga+aK90DxHlbGnvvkz1EIQ==
-----END CERTIFICATE-----`;
const KEY = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgdquY5VkKU1F0egCr
xL9ndOJWXOJo5qUhSxYqyYvzf7ShRANCAAS3Z4fcV1ACdXvN2+B1JTAfyh6HKuJN
SYVMPUeRqqZ3++28vd4rJ38jpobVY1WsiDZVWma1zieOFWovWLO0yUUa
-----END PRIVATE KEY-----`;

const LIMITS = { timeoutMs: 5_000, maxBytes: 1_000 };

function client(t: TestContext): NodeHttp {
  const http = new NodeHttp(new NetPolicy({ loopbackOnly: true }));
  t.after(() => http.close());
  return http;
}

test("a certificate that nobody vouches for is refused in plain words, before anything is asked", async (t) => {
  let asked = 0;
  const server = createServer({ cert: CERT, key: KEY }, (_request, response) => {
    asked++;
    response.end("d8:intervali1800e5:peers0:e");
  }).listen(0, "127.0.0.1");
  t.after(() => server.close().closeAllConnections());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  for (const host of ["localhost", "127.0.0.1"]) {
    await assert.rejects(client(t).get(`https://${host}:${port}/announce`, LIMITS), {
      code: "ERR_HTTP",
      message: `the certificate of ${host}:${port} is signed by nobody that this machine trusts`,
    });
  }
  assert.equal(asked, 0);
});

test("a server that speaks no TLS, and other troubles with it, in plain words", async (t) => {
  const server = createPlainServer((socket) => {
    socket.on("error", () => {});
    socket.end("HTTP/1.1 200 OK\r\n\r\n");
  }).listen(0, "127.0.0.1");
  t.after(() => server.close());
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const url = `https://127.0.0.1:${port}/announce`;
  await assert.rejects(client(t).get(url, LIMITS), /does not answer in TLS as it should/);
  assert.equal(tlsTrouble("ERR_TLS_CERT_ALTNAME_INVALID", "a"), "the certificate of a is for another name");
  assert.equal(tlsTrouble("CERT_HAS_EXPIRED", "a"), "the certificate of a has expired");
  assert.equal(tlsTrouble("ECONNREFUSED", "a"), null);
});
