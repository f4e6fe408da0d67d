// Six points of the plane in two clusters: node example.js HEADER [LIBRARY]
const centra = require('./centra.js')(...process.argv.slice(2));

const n = 6, d = 2, k = 2;
const points = Float64Array.of(1, 1, 2, 1, 1, 2, 8, 8, 9, 8, 8, 9); // row after row
const centers = new Float64Array(k * d), labels = new Int32Array(n);
const options = centra.options(), report = centra.report();
options.seed = 42;

centra.check(centra.centra_fit(points, n, d, d, k, options, centers, labels, report, null, 0));
labels.forEach((j, p) => console.log(`(${points.slice(d * p, d * p + d).join(', ')}) is in cluster ${j}, ` +
    `around (${[...centers.slice(d * j, d * j + d)].map(x => x.toPrecision(6)).join(', ')})`));
console.log(`inertia ${report.inertia.toPrecision(6)} after ${report.iterations} iterations`);
