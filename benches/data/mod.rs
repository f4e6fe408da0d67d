//! The work that contenders share: points, start, and whether two answers to it are the same.

/// Points in rows, and the start.
pub struct Work {
    pub n: usize,
    pub d: usize,
    pub k: usize,
    pub points: Vec<f64>,
    pub start: Vec<f64>,
}

/// Points that two labelings put elsewhere.
pub struct Differences {
    /// Both centers are equally near but for rounding.
    pub ties: usize,
    /// One center is nearer.
    pub others: usize,
}

/// Numbers between 0 and 1: SplitMix64.
pub fn generator() -> impl FnMut() -> f64 {
    let mut state = 2026u64;
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 * 2f64.powi(-53)
    }
}

/// A number of deviation 1, by Box and Muller.
pub fn normal(uniform: &mut impl FnMut() -> f64) -> f64 {
    let radius = (-2.0 * (1.0 - uniform()).ln()).sqrt();
    radius * (std::f64::consts::TAU * uniform()).cos()
}

impl Work {
    /// Overlapping Gaussian blobs, as many as centers, of deviation 1 around middles in a cube of diagonal `spread`; the
    /// start is the last k points.
    pub fn new(n: usize, d: usize, k: usize, spread: f64) -> Work {
        let mut uniform = generator();
        // So that the middles are equally far apart in any number of dimensions, and a fit takes many iterations.
        let side = spread / (d as f64).sqrt();
        let middles: Vec<f64> = (0..k * d).map(|_| side * uniform()).collect();
        let mut points = Vec::with_capacity(n * d);
        for _ in 0..n {
            let blob = (k as f64 * uniform()) as usize;
            for middle in &middles[blob * d..][..d] {
                points.push(middle + normal(&mut uniform));
            }
        }
        Work::from_the_last(n, d, k, points)
    }

    /// These points, and the last k of them as the start.
    pub fn from_the_last(n: usize, d: usize, k: usize, points: Vec<f64>) -> Work {
        let start = points[(n - k) * d..].to_vec();
        Work {
            n,
            d,
            k,
            points,
            start,
        }
    }

    pub fn view(&self) -> centra::Points<'_> {
        centra::Points::rows(&self.points, self.n, self.d).expect("the data fit their shape")
    }

    /// Where two labelings of the points by the same centers differ.
    pub fn differences(&self, centers: &[f64], ours: &[i32], theirs: &[i32]) -> Differences {
        assert_eq!((ours.len(), theirs.len()), (self.n, self.n));
        let mut differences = Differences { ties: 0, others: 0 };
        for (p, (&a, &b)) in ours.iter().zip(theirs).enumerate() {
            if a == b {
                continue;
            }
            let x = &self.points[p * self.d..][..self.d];
            let square_distance = |j: i32| -> f64 {
                let c = &centers[j as usize * self.d..];
                x.iter().zip(c).map(|(x, c)| (x - c) * (x - c)).sum()
            };
            let (near, far) = (square_distance(a), square_distance(b));
            let scale: f64 = x.iter().map(|x| x * x).sum();
            match far - near <= 1e-12 * (scale + near) {
                true => differences.ties += 1,
                false => differences.others += 1,
            }
        }
        differences
    }
}
