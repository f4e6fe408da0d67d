//! The query: bytes of workspace for all calls.

use super::assign::AssignMemory;
use super::bound::bound;
use super::fit::FitMemory;
use super::seed::SeedMemory;
use super::update::UpdateMemory;
use crate::call::{Options, Shape};
use crate::points::{check_sizes, Form};
use crate::runtime::error::Error;

/// Bytes of workspace that suffice for every call on points of this shape, in any form,
/// with these options; if k is more than n, for the calls that allow it. They never fall as n, d, k or the threads grow.
pub(crate) fn workspace_size(
    n: usize,
    d: usize,
    k: usize,
    options: &Options<'_>,
) -> Result<usize, Error> {
    let weighted = options.weights.is_some();
    let mut most = 0;
    for form in Form::ALL {
        most = most.max(workspace_bytes(n, d, k, form, weighted, options)?);
    }
    Ok(most)
}

/// Bytes that suffice for every call of these sizes and options.
pub(crate) fn workspace_bytes(
    n: usize,
    d: usize,
    k: usize,
    form: Form,
    weighted: bool,
    options: &Options<'_>,
) -> Result<usize, Error> {
    check_sizes(n, d, k)?;
    options.check()?;
    let assign = Shape::of_assign(n, d, k, form, options.threads);
    let update = Shape::of_update(n, d, k, form, options.threads);
    let seed = SeedMemory { init: options.init };
    let moved = UpdateMemory {
        weighted,
        empty: options.empty,
    };
    let bytes = [
        FitMemory::bound(&assign, weighted, options)?,
        bound(&AssignMemory, &assign)?,
        bound(&moved, &update)?,
        bound(&seed, &assign)?,
    ];
    Ok(bytes.into_iter().fold(0, usize::max))
}

#[cfg(test)]
mod tests {
    use super::super::fit::SIDE_BY_SIDE;
    use super::super::memory::Memory;
    use super::*;
    use crate::call::{Algorithm, Init};
    use crate::stream;

    /// Sizes around every change of method.
    const POINTS: [usize; 24] = [
        1,
        7,
        8,
        9,
        47,
        48,
        49,
        96,
        100,
        818,
        819,
        820,
        1008,
        1587,
        1687,
        2048,
        4095,
        4097,
        10_000,
        20_001,
        82_000,
        655_361,
        3_000_000,
        1 << 33,
    ];
    const DIMENSIONS: [usize; 40] = [
        1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 18, 20, 23, 31, 32, 33, 48, 49, 56, 57, 64, 65, 85, 86,
        113, 114, 128, 129, 170, 171, 341, 342, 784, 1000, 1024, 1025, 2048, 2049, 4096,
    ];
    const CENTERS: [usize; 24] = [
        1,
        2,
        3,
        4,
        5,
        8,
        31,
        32,
        33,
        50,
        100,
        191,
        192,
        193,
        300,
        682,
        683,
        1000,
        2048,
        2049,
        30_000,
        5_592_395,
        (1 << 24) - 1,
        1 << 24,
    ];
    const THREADS: [usize; 6] = [1, 1, 2, 3, 8, 16];

    type Sizes = (usize, usize, usize, usize);

    /// Shapes that grow: none is smaller than a previous one.
    fn growing(next: &mut impl FnMut(usize) -> usize) -> Vec<Sizes> {
        let mut at: Vec<[usize; 4]> = (0..10)
            .map(|_| {
                [
                    next(POINTS.len()),
                    next(DIMENSIONS.len()),
                    next(CENTERS.len()),
                    next(THREADS.len()),
                ]
            })
            .collect();
        for axis in 0..4 {
            let mut along: Vec<usize> = at.iter().map(|at| at[axis]).collect();
            along.sort();
            for (at, along) in at.iter_mut().zip(along) {
                at[axis] = along;
            }
        }
        let shapes = at.into_iter().map(|at| {
            (
                POINTS[at[0]],
                DIMENSIONS[at[1]],
                CENTERS[at[2]],
                THREADS[at[3]],
            )
        });
        // Calls that draw centers need at least k points.
        shapes.filter(|&(n, _, k, _)| k <= n).collect()
    }

    /// For each shape, `query` gives at least the bytes of `exact` for it and for any smaller shape, and does not fall. Returns the worst
    /// ratio of the two, not counting restarts side by side, half a mebibyte a thread, and parts that end at some number of dimensions:
    /// a quarter of the points and candidates.
    fn check(
        name: &str,
        shapes: &[Sizes],
        exact: impl Fn(Sizes) -> usize,
        query: impl Fn(Sizes) -> usize,
    ) -> f64 {
        let queries: Vec<(usize, usize)> = shapes
            .iter()
            .map(|&sizes| (exact(sizes), query(sizes)))
            .collect();
        let mut worst = 0.0f64;
        for (i, &(touched, asked)) in queries.iter().enumerate() {
            for (j, &(_, larger)) in queries.iter().enumerate().skip(i) {
                assert!(
                    touched <= larger,
                    "{name}: {:?} takes {touched}, {:?} asks for {larger}",
                    shapes[i],
                    shapes[j]
                );
                assert!(
                    asked <= larger,
                    "{name}: {:?} asks for {asked}, {:?} for {larger}",
                    shapes[i],
                    shapes[j]
                );
            }
            let (n, d, k, threads) = shapes[i];
            let constant = SIDE_BY_SIDE + threads * (512 << 10) + 2 * d * (n + 15 * k + 160);
            worst = worst.max(asked.saturating_sub(constant) as f64 / touched as f64);
        }
        worst
    }

    /// The bytes that each call touches: fit, assign, update and seed.
    fn calls(
        n: usize,
        d: usize,
        k: usize,
        form: Form,
        weighted: bool,
        options: &Options<'_>,
    ) -> [usize; 4] {
        let assign = Shape::of_assign(n, d, k, form, options.threads);
        let update = Shape::of_update(n, d, k, form, options.threads);
        let fit = FitMemory::new(&assign, weighted, options).unwrap();
        let moved = UpdateMemory {
            weighted,
            empty: options.empty,
        };
        let seed = SeedMemory { init: options.init };
        let bytes = [
            fit.bytes(&assign),
            AssignMemory.bytes(&assign),
            moved.bytes(&update),
            seed.bytes(&assign),
        ];
        bytes.map(Result::unwrap)
    }

    #[test]
    fn what_suffices_for_a_shape_suffices_for_smaller_ones() {
        let mut random = 5u64;
        let mut next = |below: usize| {
            random = random.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            (random >> 33) as usize % below
        };
        let mut worst = [0.0f64; 2];
        for turn in 0..48 {
            let shapes = growing(&mut next);
            let init = [
                Init::KmeansPlusPlus,
                Init::Random,
                Init::Given,
                Init::Parallel,
            ][turn % 4];
            let algorithm = [Algorithm::Auto, Algorithm::Lloyd, Algorithm::Hamerly][turn % 3];
            let form = Form::ALL[next(Form::ALL.len())];
            let weighted = next(2) == 0;
            let n_init = [1, 10][next(2)];
            let options = |threads| Options {
                init,
                algorithm,
                threads,
                n_init,
                ..Options::default()
            };
            let exact = |(n, d, k, threads): Sizes| {
                let options = options(threads);
                let bytes = calls(n, d, k, form, weighted, &options);
                bytes.into_iter().fold(0, usize::max)
            };
            let query = |(n, d, k, threads): Sizes| {
                workspace_bytes(n, d, k, form, weighted, &options(threads)).unwrap()
            };
            worst[0] = worst[0].max(check("calls", &shapes, exact, query));
            let total = 1 << 34;
            let exact = |(n, d, k, threads): Sizes| {
                stream::exact_bytes(n, total, d, k, form, weighted, &options(threads)).unwrap()
            };
            let query = |(n, d, k, threads): Sizes| {
                stream::workspace_bytes(n, total, d, k, form, weighted, &options(threads)).unwrap()
            };
            worst[1] = worst[1].max(check("streams", &shapes, exact, query));
        }
        println!("asked for, but for constants, over touched: {worst:.2?} of calls and of streams");
        assert!(worst.iter().all(|&worst| worst < 1.25));
    }

    /// The bound in the header for one thread, without quantized points and sketches; and one for several threads that is tighter
    /// for few points than that of the header.
    #[test]
    fn bytes_of_a_stream_do_not_fall_as_its_total_grows() {
        for (n, d, k, threads) in [(64, 83, 3, 1), (4095, 33, 2049, 8), (1, 1, 1, 2)] {
            for weights in [None, Some(&[1.0][..])] {
                let options = Options {
                    threads,
                    weights,
                    init: Init::Parallel,
                    ..Options::default()
                };
                let bytes = |total| stream::workspace_size(n, total, d, k, &options).unwrap();
                let ends = (12..40).flat_map(|bit| [1usize << bit, (1 << bit) + 1]);
                let bytes: Vec<usize> = ends.map(bytes).collect();
                assert!(bytes.is_sorted(), "{bytes:?}");
            }
        }
    }

    #[test]
    fn the_documented_bytes() {
        let (mut one, mut many) = (0.0f64, 0.0f64);
        let sizes = [
            (14, 32),
            (10_000, 10_000),
            (1_000_000, 2048),
            (1_000_000, 2049),
            (1_000_000, 100_000),
            (3_000_000, 1_000_000),
            (1 << 22, 1 << 22),
            (10_000_000, 10_000_000),
            (1 << 33, 1 << 20),
        ];
        let dims = [1, 2, 3, 4, 8, 16, 33, 64, 784, 1000, 10_000_000];
        for ((n, k), d) in sizes.into_iter().flat_map(|size| dims.map(|d| (size, d))) {
            let [rows, floats, _, columns, _, bytes, sparse, ..] = Form::ALL;
            for (algorithm, (weighted, form, n_init)) in [
                (false, rows, 1),
                (true, rows, 1),
                (false, columns, 1),
                (false, rows, 2),
                (true, columns, 4),
                (false, floats, 1),
                (true, bytes, 2),
                (false, sparse, 1),
                (true, sparse, 2),
            ]
            .into_iter()
            .flat_map(|of| [Algorithm::Lloyd, Algorithm::Auto].map(|algorithm| (algorithm, of)))
            {
                let bytes = |threads| {
                    let options = Options {
                        threads,
                        n_init,
                        init: Init::Random,
                        algorithm,
                        ..Options::default()
                    };
                    workspace_bytes(n, d, k, form, weighted, &options).unwrap() as f64
                };
                let (n, k, d) = (n as f64, k as f64, d as f64);
                let kept = match algorithm == Algorithm::Auto && d >= 32.0 {
                    true => {
                        n * (2.0 * d.min(1024.0) + 16.0)
                            + f64::from(k >= 192.0) * (128.0 * n + (4.0 * d.min(1024.0) + 40.0) * k)
                    }
                    false => 0.0,
                };
                let limbs = [2f64.powi(22), 2f64.powi(32)].map(|most| f64::from(n > most));
                let per_center = 54.0 * d + 490.0 + 8.0 * d * (limbs[0] + limbs[1]);
                let weights = if weighted { 4.0 } else { 1.0 };
                let restarts = f64::from(n_init > 1) * (4.0 * n + 8.0 * k * d);
                let shared = (16.0 + d) * n + weights * per_center * k + restarts + kept;
                let each = 1300.0 * d + 3.0 * 2f64.powi(20);
                one = one.max(bytes(1) / (shared + each));
                for threads in [2, 3, 16, 64, 1000] {
                    let threads_each = 16.0 * 2f64.powi(20) + 32.0 * 1024.0 * d;
                    let sums = (2.0 * n * d).min(threads as f64 * threads_each);
                    let side_by_side = f64::from(n_init > 1) * SIDE_BY_SIDE as f64;
                    let most = 2.0 * shared + sums + threads as f64 * each + side_by_side;
                    many = many.max(bytes(threads) / most);
                }
            }
        }
        println!("asked for over documented: {one:.2} with one thread, {many:.2} with more");
        assert!(one <= 1.0 && many <= 1.0);
    }

    /// The bound in the header for several threads: twice what one thread takes, and for each thread an amount that does not grow with
    /// the clusters. It holds for every call by itself, and for the query. Calls for a chunk of a stream take 16 bytes a point more.
    #[test]
    fn threads_share_memory_for_clusters() {
        const STREAM: usize = 5;
        let each = |d: usize| (20 << 20) + (34 << 10) * d;
        let mut worst = 0.0f64;
        let shapes = [1, 2, 7, 8, 16, 17, 33, 64, 200, 784]
            .into_iter()
            .flat_map(|d| [100, 5000, 100_000].map(|k| (d, k)))
            .flat_map(|(d, k)| [k, 1_000_000, 100_000_000].map(|n| (n, d, k)));
        for (turn, (n, d, k)) in shapes.enumerate() {
            let weighted = turn % 2 > 0;
            let form = Form::ALL[turn / 4 % Form::ALL.len()];
            let init = [
                Init::Random,
                Init::KmeansPlusPlus,
                Init::Parallel,
                Init::Given,
            ][turn / 2 % 4];
            let of = |threads| {
                let options = Options {
                    threads,
                    init,
                    ..Options::default()
                };
                let [fit, assign, update, seed] = calls(n, d, k, form, weighted, &options);
                let all = workspace_bytes(n, d, k, form, weighted, &options).unwrap();
                let chunk = stream::workspace_bytes(n, 1 << 34, d, k, form, weighted, &options);
                [fit, assign, update, seed, all, chunk.unwrap()]
            };
            let one = of(1);
            for threads in [2, 3, 16, 64, 1000] {
                for (call, (bytes, one)) in of(threads).into_iter().zip(one).enumerate() {
                    let points = if call == STREAM { 16 * n } else { 0 };
                    let more = bytes.saturating_sub(2 * one + points) / threads;
                    let ratio = more as f64 / each(d) as f64;
                    let name = format!("call {call}, {n}x{d} k={k}, {threads} threads");
                    assert!(ratio <= 1.0, "{name}: {bytes} bytes, and {one} with one");
                    worst = worst.max(ratio);
                }
            }
        }
        println!("beyond twice one thread's, over what is fixed: {worst:.2}");
    }
}
