//! Values that have broken k-means libraries, and a generator that deals them.

/// A counter-based generator: the same values on every machine.
pub struct Rng(pub u64);

impl Rng {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// 0, 1, .., bound - 1; the bias for small bounds does not matter here.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    /// In [0, 1).
    pub fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn mix(z: u64) -> u64 {
    let z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ z >> 31
}

/// 2^exponent, also where it is subnormal.
pub fn two_to(exponent: i32) -> f64 {
    if exponent >= -1022 {
        f64::from_bits(((exponent + 1023) as u64) << 52)
    } else {
        f64::from_bits(1 << (exponent + 1074))
    }
}

/// Roughly normal, |value| < 3.
fn bell(random: u64) -> f64 {
    (0..3)
        .map(|i| (random >> (21 * i) & 0x1f_ffff) as f64 / 0x10_0000 as f64 - 1.0)
        .sum()
}

fn signed(random: u64, value: f64) -> f64 {
    if random >> 63 == 1 {
        -value
    } else {
        value
    }
}

/// From 64 random bits to a coordinate of some nasty kind.
pub type Kind = (&'static str, fn(u64) -> f64);

pub const UNIFORM: Kind = ("uniform", |r| (r >> 11) as f64 / (1u64 << 53) as f64);
pub const GRID: Kind = ("integer grid", |r| (r % 4) as f64);
pub const BELL: Kind = ("normal", bell);

/// Every kind is legal: D between two such points is finite.
pub const KINDS: &[Kind] = &[
    UNIFORM,
    GRID,
    BELL,
    ("pixels", |r| (r % 256) as f64),
    ("decimals", |r| (r % 10) as f64 * 0.1),
    ("ulps above one", |r| 1.0 + (r % 4) as f64 * f64::EPSILON),
    ("ulps around 0.1", |r| {
        f64::from_bits(0.1f64.to_bits() - 1 + r % 3)
    }),
    ("below single precision", |r| {
        1.0 + (r % 16) as f64 * two_to(-30)
    }),
    ("at single precision", |r| {
        signed(r, 1.0 + (r % 8) as f64 * two_to(-24))
    }),
    ("offset 1e8", |r| 1e8 + (r % 5) as f64),
    ("offset 1e8 and noise", |r| 1e8 + bell(r)),
    ("offset 1e15", |r| 1e15 + (r % 5) as f64 * 0.125),
    ("offset -1e15 and 1e15", |r| {
        signed(r, 1e15) + (r % 5) as f64
    }),
    ("1e30, 1 and 1e-30", |r| {
        signed(r, [1e30, 1.0, 1e-30][(r % 3) as usize])
    }),
    ("1e38 and 1e39", |r| {
        signed(r, [1e38, 3e38, 1e39, 0.0][(r % 4) as usize]) * bell(r << 1)
    }),
    ("few subnormals", |r| {
        signed(r, (r % 6) as f64 * f64::from_bits(1))
    }),
    ("1e-310", |r| {
        signed(r, 1e-310 * ((r % 1000) as f64 / 1000.0))
    }),
    ("2^-400", |r| bell(r) * two_to(-400)),
    ("2^-530", |r| bell(r) * two_to(-530)),
    ("2^-140", |r| bell(r) * two_to(-140)),
    ("2^400", |r| bell(r) * two_to(400)),
    ("2^490", |r| bell(r) * two_to(490)),
    ("1e150 and 5e-324", |r| {
        signed(r, [1e150, 5e-324, 1.0, 0.0, 1e150][(r % 5) as usize])
    }),
    ("signed zeros", |r| signed(r, 0.0)),
    ("signed zeros and ones", |r| signed(r, (r % 5 / 4) as f64)),
    ("sums that cancel", |r| {
        signed(r, [1e16, 1.0, 1e-16, 3.0][(r % 4) as usize])
    }),
    ("only thirds", |_| 1.0 / 3.0),
    ("only tenths", |_| 0.1),
    ("bits below 2^490", |r| {
        let exponent = r >> 52 & 0x7ff;
        f64::from_bits(r & !(0x7ff << 52) | (exponent % 1513) << 52)
    }),
    ("bits around one", |r| {
        f64::from_bits(r & !(0x7ff << 52) | (1003 + (r >> 52 & 0x7ff) % 40) << 52)
    }),
];

pub fn fill(kind: Kind, count: usize, rng: &mut Rng) -> Vec<f64> {
    (0..count).map(|_| kind.1(rng.next())).collect()
}

/// k rows drawn from the points, some of them more than once.
pub fn drawn(x: &[f64], d: usize, k: usize, rng: &mut Rng) -> Vec<f64> {
    let n = x.len() / d;
    (0..k)
        .flat_map(|_| x[rng.below(n) * d..][..d].to_vec())
        .collect()
}

/// k different rows of the points.
pub fn distinct(x: &[f64], d: usize, k: usize, rng: &mut Rng) -> Vec<f64> {
    let mut rows: Vec<usize> = (0..x.len() / d).collect();
    for j in 0..k {
        let other = j + rng.below(rows.len() - j);
        rows.swap(j, other);
    }
    rows[..k]
        .iter()
        .flat_map(|&p| x[p * d..][..d].to_vec())
        .collect()
}

/// From 64 random bits to a weight of some kind.
pub const WEIGHTS: &[Kind] = &[
    ("uniform", |r| (r >> 11) as f64 / (1u64 << 53) as f64),
    ("small integers", |r| (r % 4) as f64),
    ("mostly zero", |r| if r % 8 == 0 { 0.5 } else { 0.0 }),
    ("1e-3 to 1e3", |r| {
        10f64.powi((r % 7) as i32 - 3) * (1.0 + (r >> 11) as f64 / (1u64 << 53) as f64)
    }),
    ("subnormal", |r| (r % 3) as f64 * f64::from_bits(1)),
    ("tenths", |_| 0.1),
];

/// Weights of a kind; the last one is 1 if all would be zero.
pub fn weigh(kind: Kind, n: usize, rng: &mut Rng) -> Vec<f64> {
    let mut weights = fill(kind, n, rng);
    if n > 0 && weights.iter().all(|&w| w == 0.0) {
        weights[n - 1] = 1.0;
    }
    weights
}

/// Blobs around `blobs` centers far apart, point p around blob p % blobs.
pub fn blobs(n: usize, d: usize, blobs: usize, rng: &mut Rng) -> Vec<f64> {
    let middles = fill(UNIFORM, blobs * d, rng);
    (0..n * d)
        .map(|c| 1000.0 * middles[c / d % blobs * d + c % d] + bell(rng.next()))
        .collect()
}
