use super::*;
use crate::exact::distance::squared;
use crate::simd::products::{Element, PortableF32};

/// Numbers that differ from call to call.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    /// Whole numbers, of more bits than single precision has.
    fn row(&mut self, d: usize, largest: u64) -> Vec<f64> {
        let one = |random: &mut Self| random.below(2 * largest) as f64 - largest as f64;
        (0..d).map(|_| one(self)).collect()
    }
}

/// A center in panels of one, and what values start from.
fn packed(center: &[f64], certificate: &Certificate) -> (Vec<f32>, f32) {
    let (mut data, mut norm) = (vec![0.0f32; center.len()], [0.0f32]);
    let origin = vec![0.0; center.len()];
    let vectors = Vectors::of::<PortableF32>();
    pack_centers(
        center,
        &Scaling {
            origin: &origin,
            scale: 1.0,
        },
        certificate,
        vectors,
        &mut data,
        &mut norm,
    );
    (data, norm[0])
}

/// A value as a kernel without fused operations finds it.
fn value(x: &[f64], (panel, start): &(Vec<f32>, f32)) -> f32 {
    let mut value = 0.0;
    for (chunk, (x, panel)) in x
        .chunks(f32::CHUNK)
        .zip(panel.chunks(f32::CHUNK))
        .enumerate()
    {
        let mut sum = if chunk == 0 { *start } else { 0.0 };
        for (&x, &c) in x.iter().zip(panel) {
            sum += x as f32 * c;
        }
        value = if chunk == 0 { sum } else { sum + value };
    }
    value
}

#[test]
fn far_centers_are_bounded_below() {
    // L17
    let (mut random, d) = (Random(3), 5);
    let certificate = Certificate::new::<f32>(d, 1.0, false);
    // The nearest far center there is, and others.
    let nearest = vec![f32::FAR.sqrt(), 0.0, 0.0, 0.0, 0.0];
    let others = (100..300).map(|exponent| {
        let unit = 2f64.powi(exponent - 30 - 50);
        random.row(d, 1 << 30).iter().map(|c| c * unit).collect()
    });
    for center in core::iter::once(nearest).chain(others) {
        let (panel, start) = packed(&center, &certificate);
        let norm = squared(&center, &[0.0; 5]);
        let infinite = certificate.of_start(start) == f32::INFINITY;
        if norm < f32::FAR {
            continue;
        }
        assert!(infinite && start.is_finite() && panel.iter().all(|&c| c == 0.0));
        // The nearest that a point proves anything.
        let length = Certificate::far::<f32>().sqrt() / norm.sqrt();
        let x: Vec<f64> = center.iter().map(|c| c * length).collect();
        let least = squared(&x, &center) - squared(&x, &[0.0; 5]);
        assert!(least > 1.4 * f64::from(start), "{center:?}");
    }
}

#[test]
fn whole_numbers_are_exact() {
    // L18: at the very end of the range.
    let mut random = Random(9);
    for d in [1, 2, 5, 16, 64, 200] {
        let most = (2f64.powi(24) / d as f64).sqrt().floor();
        let far = (most / 2.0).floor();
        let ends = |random: &mut Random, by: f64| -> Vec<f64> {
            let sign = |random: &mut Random| [-by, by][random.below(2) as usize];
            (0..d).map(|_| sign(random)).collect()
        };
        for _ in 0..50 {
            let mut center = ends(&mut random, far);
            // The unit is 1.
            center[0] = 1.0;
            let grid = Grid::of::<f32>(&center, &vec![0.0; d], 1.0).expect("whole numbers");
            let x = ends(&mut random, most - far);
            let points = crate::points::Points::rows(&x, 1, d).expect("a row");
            assert!(grid.has(&points, 0, &vec![0.0; d]));
            let certificate = Certificate::new::<f32>(d, 1.0, true);
            let value = value(&x, &packed(&center, &certificate)) as i128;
            let stored: i128 = x.iter().map(|&x| (x * x) as i128).sum();
            assert_eq!(value, squared(&x, &center) as i128 - stored);
            let beyond: Vec<f64> = x.iter().map(|x| 2.0 * x).collect();
            let points = crate::points::Points::rows(&beyond, 1, d).expect("a row");
            assert!(!grid.has(&points, 0, &vec![0.0; d]));
            let off: Vec<f64> = x.iter().map(|x| x * 0.75 + 1.0 / 1024.0).collect();
            let points = crate::points::Points::rows(&off, 1, d).expect("a row");
            assert!(!grid.has(&points, 0, &vec![0.0; d]));
        }
    }
}
