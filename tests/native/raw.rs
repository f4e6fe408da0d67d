//! Files of raw doubles, and what the programs that cluster them are to print.

use centra::{KMeans, Points, Start};
use std::path::Path;
use std::process::Output;

/// `n` points around `k` places, with all 53 bits in use.
pub fn blobs(n: usize, d: usize, k: usize) -> Vec<f64> {
    let mut state = 1u64;
    let mut unit = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let places: Vec<f64> = (0..k * d).map(|_| 100.0 * unit()).collect();
    let mut points = Vec::with_capacity(n * d);
    for p in 0..n {
        let place = &places[p % k * d..][..d];
        points.extend(place.iter().map(|x| x + 20.0 * unit()));
    }
    points
}

pub fn write(path: &Path, points: &[f64]) {
    let bytes: Vec<u8> = points.iter().flat_map(|x| x.to_ne_bytes()).collect();
    std::fs::write(path, bytes).expect("a file of points");
}

/// The bits of what is printed for a fit of all points: centers, inertia, iterations.
pub fn expected(points: &[f64], d: usize, k: usize) -> Vec<u64> {
    let kmeans = KMeans::new(k).start(Start::Parallel);
    let points = Points::rows(points, points.len() / d, d).expect("points");
    let fit = kmeans.threads(0).fit(&points).expect("a fit");
    let mut numbers = fit.centers;
    numbers.push(fit.report.inertia);
    numbers.push(fit.report.iterations as f64);
    numbers.iter().map(|x| x.to_bits()).collect()
}

/// The bits of all numbers in a text.
pub fn numbers(output: &Output) -> Vec<u64> {
    let text = String::from_utf8_lossy(&output.stdout);
    let words = text.split_whitespace();
    let numbers = words.filter_map(|word| word.parse::<f64>().ok());
    numbers.map(f64::to_bits).collect()
}
