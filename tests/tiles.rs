//! Passes that are long enough to ask the system for tiles, where the CPU has them: labels and fits are those of the reference, with tiles
//! and without.

mod harness;
mod options;
mod reference;

use centra::Isa;
use harness::data::*;
use harness::*;

/// Points near centers that come in pairs, which are less and less far apart.
fn case((n, d, k): (usize, usize, usize), rng: &mut Rng) -> Case {
    let mut start = fill(UNIFORM, k * d, rng);
    for j in (1..k).step_by(2) {
        let apart = [0.0, 1e-6, 1e-3, 0.1][j / 2 % 4];
        for i in 0..d {
            start[j * d + i] = start[(j - 1) * d + i] + apart * rng.unit();
        }
    }
    let mut x = Vec::new();
    for _ in 0..n {
        let center = &start[rng.below(k) * d..][..d];
        x.extend(center.iter().map(|c| c + 0.2 * rng.unit()));
    }
    Case::new(format!("pairs, {n} x {d}, {k}"), d, x, start)
}

#[test]
fn long_passes() {
    let mut rng = Rng(12);
    let mut bad = Bad::default();
    for shape in [(900, 128, 300), (260, 65, 2100), (301, 784, 150)] {
        let case = case(shape, &mut rng);
        let isas = [Isa::Portable, Isa::Avx2, Isa::Avx512, Isa::Amx];
        let ways = ways(&isas, &[1, 2], &[0]);
        case.check_assign(&ways, &mut bad);
        if case.n() >= case.k() {
            case.check_fit(KEEP.at_most(2), &ways, &mut bad);
        }
    }
    bad.take().unwrap();
}
