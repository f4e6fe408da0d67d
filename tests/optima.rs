//! Ruspini's and Fisher's points, k = 2 to 10: the best of enough restarts is the proven optimum.
//!
//! A seeding that never reaches some part of the data, restarts that repeat one another, or an inertia that is a little
//! too good to be true all show here.

use centra::{KMeans, Points};

/// The optima from the literature, k = 2, 3, ...; sources in `tests/data/README.md`.
const RUSPINI: [f64; 9] = [
    89337.832142857,
    51063.4750456705,
    12881.0512361466,
    10126.7197881828,
    8575.40687645688,
    7126.19854312354,
    6149.63901932402,
    5181.65183982684,
    4446.28214285714,
];
const IRIS: [f64; 9] = [
    152.347951760,
    78.851441426,
    57.228473214,
    46.446182051,
    39.039987246,
    34.298229665,
    29.988943951,
    27.786092417,
    25.834054820,
];

/// The numbers of a CSV file under `tests/data`, and how many there are on a line.
fn read(name: &str) -> (Vec<f64>, usize) {
    let path = format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect(&path);
    let mut lines = text.lines();
    let d = lines.next().expect("a header").split(',').count();
    let parse = |word: &str| word.parse().expect("a number");
    (
        lines
            .flat_map(|line| line.split(',').map(parse).collect::<Vec<f64>>())
            .collect(),
        d,
    )
}

fn reaches(name: &str, n: usize, d: usize, optima: &[f64]) {
    let (data, dimensions) = read(name);
    assert_eq!((data.len(), dimensions), (n * d, d), "{name}");
    let points = Points::rows(&data, n, d).expect("sound points");
    for (k, &optimum) in (2..).zip(optima) {
        let mut best = f64::INFINITY;
        // By hundreds, because small k need a few restarts and k = 10 may need thousands.
        for seed in 0..60 {
            let kmeans = KMeans::new(k).restarts(100).seed(seed);
            let clustering = kmeans.fit(&points).expect("a clustering");
            best = best.min(clustering.report.inertia);
            if best <= optimum * (1.0 + 1e-9) {
                break;
            }
        }
        let off = (best - optimum) / optimum;
        assert!(
            off.abs() <= 1e-9,
            "{name}, k = {k}: inertia {best}, the optimum is {optimum} ({off:e} off)"
        );
    }
}

#[test]
fn of_ruspini() {
    reaches("ruspini.csv", 75, 2, &RUSPINI);
}

#[test]
fn of_iris() {
    reaches("iris.csv", 150, 4, &IRIS);
}
