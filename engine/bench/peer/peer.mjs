// peer.mjs: node-llama-cpp as a servant of the paired comparison. One request a line on stdin, its time in milliseconds on stdout.
//   node peer.mjs DIR MODEL THREADS      DIR holds node_modules/node-llama-cpp
//   prefill N            N tokens into an empty sequence
//   decode DEPTH N       N greedy tokens after DEPTH
//   branches B DEPTH N   N greedy tokens of each of B sequences, all with the same DEPTH tokens before them
import {createInterface} from "node:readline";
import {join} from "node:path";
import {pathToFileURL} from "node:url";

const [dir, file, threads] = process.argv.slice(2);
const {getLlama, LlamaLogLevel} = await import(pathToFileURL(join(dir, "node_modules/node-llama-cpp/dist/index.js")));
const llama = await getLlama({
    gpu: false, build: "never", skipDownload: true, maxThreads: Number(threads), logLevel: LlamaLogLevel.error
});
const model = await llama.loadModel({modelPath: file, gpuLayers: 0});
const SEQUENCES = 8;
const context = await model.createContext({
    sequences: SEQUENCES, contextSize: 1024, batchSize: 512, threads: Number(threads)
});
const sequences = Array.from({length: SEQUENCES}, () => context.getSequence());

const tokens = (n, seed) => Array.from({length: n}, (_, i) => 300 + (i * 7919 + seed * 104729) % 16000);
const options = {temperature: 0, yieldEogToken: true};
let seed = 0;

async function fresh(count) {
    for (const s of sequences.slice(0, count)) await s.clearHistory();
    seed++;
}

async function generate(count, depth, n) {
    await fresh(count);
    const prompt = tokens(Math.max(depth, 1), seed);
    const runs = [];
    for (const s of sequences.slice(0, count)) {
        if (prompt.length > 1) await s.evaluateWithoutGeneratingNewTokens(prompt.slice(0, -1));
        runs.push(s.evaluate(prompt.slice(-1), options));
    }
    const step = () => Promise.all(runs.map((r) => r.next()));
    await step();
    const start = performance.now();
    for (let i = 0; i < n; i++) await step();
    const took = performance.now() - start;
    for (const r of runs) await r.return();
    return took;
}

const requests = {
    async prefill(n) {
        await fresh(1);
        const prompt = tokens(n, seed);
        const start = performance.now();
        const run = sequences[0].evaluate(prompt, options); // to its first token, as ours
        await run.next();
        const took = performance.now() - start;
        await run.return();
        return took;
    },
    decode: (depth, n) => generate(1, depth, n),
    branches: (count, depth, n) => generate(count, depth, n)
};

console.log("ready");
for await (const line of createInterface({input: process.stdin})) {
    const [name, ...args] = line.trim().split(" ");
    console.log(String(await requests[name](...args.map(Number))));
}
process.exit(0);
