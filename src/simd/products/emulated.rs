//! What tiles and products of matrices do, one product after another, for tests on CPUs that have none.

use super::{dot_bytes, dot_halves, joined, scaled, Pair, PortableF32, Screen, TILE, TILES};

/// The products of four bytes of each of two elements, summed.
fn product(x: i32, byte: fn(u8) -> i32, c: i32, of_center: fn(u8) -> i32) -> i32 {
    let (x, c) = (x.to_le_bytes(), c.to_le_bytes());
    (0..4).map(|i| byte(x[i]) * of_center(c[i])).sum()
}
fn signed(byte: u8) -> i32 {
    i32::from(byte as i8)
}
fn unsigned(byte: u8) -> i32 {
    i32::from(byte)
}

/// Calls `sum` with the first element of each center and of each lane of the groups, and stores what it makes of them.
unsafe fn each<E: Copy, const C: usize, const G: usize>(
    centers: [*const E; C],
    groups: [*const E; G],
    [rows, elements, width]: [usize; 3],
    sums: *mut E,
    sum: impl Fn(*const E, *const E) -> E,
) {
    for c in 0..C * rows {
        for (g, group) in groups.iter().enumerate() {
            for lane in 0..width {
                // SAFETY: the contract of `multiply`.
                unsafe {
                    let center = centers[c / TILE].add(c % TILE * elements);
                    *sums.add((c * G + g) * width + lane) = sum(center, group.add(lane));
                }
            }
        }
    }
}

portable!(
    EmulatedBytes,
    i32,
    i32x4,
    4,
    TILES,
    |a, b, c| dot_bytes(a, b, c),
    |a, b| (a.min(b), a.max(b)),
    {
        unsafe fn multiply<const C: usize, const G: usize>(
            centers: [*const i32; C],
            groups: [*const i32; G],
            rows: usize,
            elements: usize,
            sums: *mut i32,
        ) {
            // SAFETY: the contract.
            unsafe {
                each(
                    centers,
                    groups,
                    [rows, elements, 4],
                    sums,
                    |center, lane| {
                        (0..elements)
                            .map(|e| product(*lane.add(4 * e), unsigned, *center.add(e), signed))
                            .sum()
                    },
                );
            }
        }
    }
);

portable!(
    EmulatedMatrices,
    i32,
    i32x4,
    4,
    32,
    |a, b, c| dot_bytes(a, b, c),
    |a, b| (a.min(b), a.max(b)),
    {
        const MATRICES: bool = true;

        unsafe fn multiply_two(
            points: wide::i32x4,
            centers: wide::i32x4,
            sums: wide::i32x4,
        ) -> wide::i32x4 {
            let (x, c, mut sums) = (points.to_array(), centers.to_array(), sums.to_array());
            for (at, sum) in sums.iter_mut().enumerate() {
                for e in 0..2 {
                    let [x, c] = [x[at / 2 * 2 + e], c[at % 2 * 2 + e]];
                    *sum += product(x, unsigned, c, signed);
                }
            }
            wide::i32x4::new(sums)
        }
        unsafe fn load_two(from: *const i32) -> wide::i32x4 {
            // SAFETY: the contract.
            let [a, b] = unsafe { [*from, *from.add(1)] };
            wide::i32x4::new([a, b, a, b])
        }
        unsafe fn part(first: wide::i32x4, others: wide::i32x4) -> [wide::i32x4; 2] {
            let ([a, b, c, d], [e, f, g, h]) = (first.to_array(), others.to_array());
            [[a, c, e, g], [b, d, f, h]].map(wide::i32x4::new)
        }
    }
);

pairs!(
    EmulatedPairs,
    PortableF32,
    TILES,
    dot_halves,
    joined,
    scaled,
    {
        unsafe fn multiply<const C: usize, const G: usize>(
            centers: [*const Pair; C],
            groups: [*const Pair; G],
            rows: usize,
            elements: usize,
            sums: *mut Pair,
        ) {
            // SAFETY: the contract.
            unsafe {
                each(
                    centers,
                    groups,
                    [rows, elements, 4],
                    sums,
                    |center, lane| {
                        let twos = elements / 2;
                        let mut sum = 0i32;
                        for u in 0..twos {
                            let [c_low, c_high] = [u, twos + u].map(|at| (*center.add(at)).0);
                            let [x_low, x_high] =
                                [2 * u, 2 * u + 1].map(|at| (*lane.add(4 * at)).0);
                            let high = product(x_high, signed, c_high, signed);
                            let middle = product(x_low, unsigned, c_high, signed)
                                + product(x_high, signed, c_low, unsigned);
                            let low = product(x_low, unsigned, c_low, unsigned);
                            let two = low
                                .wrapping_add(middle.wrapping_shl(8))
                                .wrapping_add(high.wrapping_shl(16));
                            sum = sum.wrapping_add(two);
                        }
                        if !elements.is_multiple_of(2) {
                            let [x, c] = [*lane.add(4 * (elements - 1)), *center.add(elements - 1)];
                            let half = |pair: Pair, by: i32| i32::from((pair.0 >> by) as i16);
                            for by in [0, 16] {
                                sum = sum.wrapping_add(half(x, by) * half(c, by));
                            }
                        }
                        Pair(sum)
                    },
                );
            }
        }
    }
);
