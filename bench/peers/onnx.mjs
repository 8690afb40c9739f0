// A model in ONNX Runtime, asked for all images in batches and then for one at a call, with one thread and with two.
//
// usage: onnx.mjs MODEL IMAGES SIDE BATCH CALLS OUT
//
// IMAGES are single-precision numbers, SIDE x SIDE an image. Writes the probabilities to OUT and prints one line of JSON.
// The package's own session is asked, without the promise and the turn of the event loop that its wrapper puts around each
// call: they would count against ONNX Runtime.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const { Tensor } = require('onnxruntime-node');
const { binding, initOrt } = require('onnxruntime-node/dist/binding.js');
const { version } = require('onnxruntime-node/package.json');

const [model, imagesPath, ...rest] = process.argv.slice(2);
const [side, batch, calls] = rest.slice(0, 3).map(Number);
const bytes = readFileSync(imagesPath);
const images = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
const pixels = side * side;
const count = images.length / pixels;

const part = (first, rows) =>
    new Tensor('float32', images.subarray(first * pixels, (first + rows) * pixels), [rows, 1, side, side]);
const now = () => Number(process.hrtime.bigint()) / 1000; // microseconds

function measure(threads, out) {
    const session = new binding.InferenceSession();
    session.loadModel(model, {
        executionProviders: ['cpu'], intraOpNumThreads: threads, interOpNumThreads: 1, executionMode: 'sequential',
        graphOptimizationLevel: 'all', enableCpuMemArena: true, enableMemPattern: true,
    });
    const ask = (images) => session.run({ images }, { probabilities: null }, {}).probabilities;

    const inBatches = () => {
        for (let first = 0; first < count; first += batch) {
            const rows = Math.min(batch, count - first);
            const answer = ask(part(first, rows));
            out.set(answer.data, first * 10);
        }
    };
    inBatches(); // memory is there, functions are compiled
    const start = now();
    inBatches();
    const image = (now() - start) / count;

    const times = [];
    for (let i = -200; i < calls; i++) {
        const one = part((i + 200) % count, 1);
        const before = now();
        ask(one);
        if (i >= 0) times.push(now() - before);
    }
    times.sort((a, b) => a - b);
    const middle = (times[(calls - 1) >> 1] + times[calls >> 1]) / 2;
    session.dispose();
    return {
        microseconds_per_image: image, single_microseconds: middle, single_p95: times[Math.ceil(calls * 0.95) - 1],
    };
}

initOrt();
const out = new Float32Array(count * 10);
const ways = { '1 thread': measure(1, out), '2 threads': measure(2, out) };
writeFileSync(rest[3], new Uint8Array(out.buffer));
console.log(JSON.stringify({ version, ways }));
