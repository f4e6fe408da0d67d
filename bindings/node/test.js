// node test.js HEADER LIBRARY GOLDEN: the answers of tests/data/golden.txt to the bit, a refusal, a callback.
const assert = require('assert');
const fs = require('fs');
const [header, library, golden] = process.argv.slice(2);
const centra = require('./centra.js')(header, library);

let checks = 0;
const equal = (a, b, what) => {
    assert.deepStrictEqual(a, b, what);
    ++checks;
};
const bytes = array => Buffer.from(array.buffer, array.byteOffset, array.byteLength).toString('hex');

const words = fs.readFileSync(golden, 'utf8').replace(/^#.*$/gm, '').trim().split(/\s+/).values();
const next = () => words.next().value;
const keyword = name => assert.strictEqual(next(), name);
const number = name => (keyword(name), Number(next()));
const types = {
    f64: [Float64Array, word => Buffer.from(word, 'hex').readDoubleBE(), ''],
    f32: [Float32Array, word => Buffer.from(word, 'hex').readFloatBE(), '_f32'],
    u8: [Uint8Array, word => parseInt(word, 16), '_u8'],
};
const values = (name, type, count) => {
    keyword(name);
    const [Kind, value] = types[type];
    return Kind.from({ length: count }, () => value(next()));
};

let cases = 0;
while (next() === 'case') {
    const name = next();
    keyword('type');
    const type = next(), suffix = types[type][2];
    const n = number('n'), d = number('d'), k = number('k'), init = number('init'), seed = number('seed');
    const weighted = number('weighted');
    for (let chunks = number('chunks'); chunks > 0; --chunks)
        next();
    const points = values('points', type, n * d);
    const weights = weighted ? values('weights', 'f64', n) : null;
    const start = values('start', 'f64', k * d);
    keyword('labels');
    const expected = Int32Array.from({ length: n }, () => Number(next()));
    const expectedCenters = values('centers', 'f64', k * d);
    const [inertia] = values('inertia', 'f64', 1), iterations = number('iterations');

    const options = Object.assign(centra.options(), { seed, init, weights });
    const centers = new Float64Array(k * d), labels = new Int32Array(n), report = centra.report();
    centra.check(centra[`centra_seed${suffix}`](points, n, d, d, k, options, centers, null, 0));
    equal(bytes(centers), bytes(start), `${name}: start`);
    for (options.threads = 1; options.threads <= 2; ++options.threads) {
        centra.check(centra[`centra_fit${suffix}`](points, n, d, d, k, options, centers, labels, report, null, 0));
        equal(labels, expected, `${name}: labels`);
        equal(bytes(centers), bytes(expectedCenters), `${name}: centers`);
        equal(report.inertia, inertia, `${name}: inertia`);
        equal(report.iterations, iterations, `${name}: iterations`);
    }
    ++cases;
}
equal(cases, 8, 'all cases');

// A refused call is an exception that names the place, and writes nothing.
const centers = Float64Array.of(7, 7);
const bad = Float64Array.of(1, 2, NaN, 4);
const refused = () => centra.check(centra.centra_fit(bad, 2, 2, 2, 1, null, centers, null, null, null, 0));
assert.throws(refused, /points: NaN at row 1, dimension 0/);
equal(centers, Float64Array.of(7, 7), 'nothing is written');

// A callback: koffi gives the address of the struct, which is read by its type.
const koffi = require('koffi');
let seen = 0;
const progress = koffi.register(address => {
    equal(koffi.decode(address, 'centra_progress').iteration, ++seen, 'iterations count from 1');
    return 1;
}, 'centra_progress_fn');
const options = Object.assign(centra.options(), { progress });
const status = centra.centra_fit(Float64Array.of(1, 2, 8, 9), 4, 1, 1, 2, options, centers, null, null, null, 0);
koffi.unregister(progress);
equal([status, seen], [centra.CENTRA_CANCELLED, 1], 'the callback stops the fit');
console.log(`node: ${checks} checks passed`);
