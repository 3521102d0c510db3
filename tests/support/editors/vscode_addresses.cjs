// Writes down every address that a Node process, or one that it starts, wants to reach: its own
// sockets and look-ups of names. Loaded by NODE_OPTIONS=--require; AUDIT_FILE names the file.
// Nothing is hindered. Not for Python: that is ../audited.
'use strict';
const dgram = require('node:dgram');
const dns = require('node:dns');
const fs = require('node:fs');
const net = require('node:net');

const file = process.env.AUDIT_FILE;

function note(what, host) {
  fs.appendFileSync(file, `node ${what} '${host}' ${process.argv.slice(1, 3).join(' ')}\n`);
}

function watch(object, name, hostOf) {
  const real = object[name];
  object[name] = function (...args) {
    const host = hostOf(args);
    if (host !== undefined) {
      note(name, host);
    }
    return real.apply(this, args);
  };
}

/** The host of `connect(port, host)`, `connect({ port, host })`; undefined for a Unix socket. */
function hostOfConnection(args) {
  const first = Array.isArray(args[0]) ? args[0][0] : args[0];
  if (typeof first === 'object' && first !== null) {
    return first.path ? undefined : (first.host ?? 'localhost');
  }
  if (typeof first === 'number' || /^\d+$/.test(String(first))) {
    return typeof args[1] === 'string' ? args[1] : 'localhost';
  }
  return undefined;
}

if (file) {
  watch(net.Socket.prototype, 'connect', hostOfConnection);
  watch(dgram.Socket.prototype, 'send', (args) => args.find((one) => typeof one === 'string'));
  watch(dgram.Socket.prototype, 'connect', (args) => args[1] ?? 'localhost');
  for (const where of [dns, dns.promises]) {
    for (const name of ['lookup', 'resolve', 'resolve4', 'resolve6']) {
      watch(where, name, (args) => args[0] ?? undefined);
    }
  }
}
