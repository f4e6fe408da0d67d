//! Data like embeddings.

use crate::data::{generator, normal, Work};

/// Vectors like embeddings: of length 1, around as many middles as centers, with deviations that fall from the first coordinate to the last. For
/// most points the second nearest of centers in a fit is 1 to 10 % farther than the nearest by squared distance, in 128 dimensions 3 %.
pub fn embeddings(n: usize, d: usize, k: usize) -> Work {
    let mut uniform = generator();
    let unit = |x: &[f64]| {
        let length = x.iter().map(|x| x * x).sum::<f64>().sqrt();
        x.iter().map(|x| x / length).collect::<Vec<f64>>()
    };
    let deviations: Vec<f64> = (0..d).map(|i| (1.0 + i as f64 / 8.0).powf(-0.5)).collect();
    let deviations = unit(&deviations);
    let mut middles = Vec::with_capacity(k * d);
    for _ in 0..k {
        let middle: Vec<f64> = deviations
            .iter()
            .map(|s| s * normal(&mut uniform))
            .collect();
        middles.extend(unit(&middle));
    }
    let mut points = Vec::with_capacity(n * d);
    for _ in 0..n {
        let middle = &middles[(k as f64 * uniform()) as usize * d..][..d];
        let each = middle.iter().zip(&deviations);
        let point: Vec<f64> = each
            .map(|(m, s)| m + 1.5 * s * normal(&mut uniform))
            .collect();
        points.extend(unit(&point));
    }
    Work::from_the_last(n, d, k, points)
}
