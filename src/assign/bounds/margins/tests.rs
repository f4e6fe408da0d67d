use super::{decay, KeptMargins, StretchMargins, Valid};
use crate::simd::level::Isa;
use crate::simd::{InstructionSet, Kernel, Lanes, Level, FEW_LOSSES};

/// Ten stretches of twenty points, in blocks of eight; the last one has twelve points less. One center, which moves by 1 after
/// each pass.
const POINTS: usize = 10 * STRETCH - 12;
const STRETCH: usize = 20;
const BLOCK: usize = 8;

/// What a pass over one stretch leaves out.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Missing {
    Nothing,
    FirstBlock,
    LastBlock,
    LastRow,
    All,
}

const LEFT_OUT: [Missing; 4] = [
    Missing::FirstBlock,
    Missing::LastBlock,
    Missing::LastRow,
    Missing::All,
];

/// Writes a stretch as a pass does. Every seventh row gets a margin that the next loss takes away.
fn write(mut stretch: StretchMargins<'_>, missing: Missing) {
    let rows = stretch.margins.len();
    let margin = |row: usize| if row.is_multiple_of(7) { 0.5 } else { 100.0 };
    let mut listed = [0; STRETCH.next_multiple_of(16)];
    let count = stretch.decay(Level::new(Isa::Portable), &vec![0; rows], &mut listed);
    let parts: Vec<Vec<u32>> = match count {
        Some(count) => listed[..count].chunks(2).map(<[u32]>::to_vec).collect(),
        None => (0..rows as u32)
            .collect::<Vec<_>>()
            .chunks(BLOCK)
            .map(<[u32]>::to_vec)
            .collect(),
    };
    let blocks = parts.len();
    for (b, mut part) in parts.into_iter().enumerate() {
        match missing {
            Missing::All => continue,
            // Blocks come in order: one cannot be left out unless all after it are, but a listed part can.
            Missing::FirstBlock if b == 0 || count.is_none() => continue,
            Missing::LastBlock if b + 1 == blocks => continue,
            Missing::LastRow if b + 1 == blocks => {
                part.pop();
            }
            _ => {}
        }
        let margins: Vec<f32> = part.iter().map(|&row| margin(row as usize)).collect();
        match count {
            Some(_) => stretch.store_listed(&part, &margins),
            None => stretch.store_block(b * BLOCK, &margins),
        }
    }
}

/// A pass that leaves something out in one stretch, and the move after it.
fn pass(kept: &mut KeptMargins<'_>, decay: bool, missing: Missing, at: usize) -> Valid {
    let mut rest = if decay { kept.decay() } else { kept.compute() };
    for s in 0..POINTS.div_ceil(STRETCH) {
        let (stretch, others) = rest.split(STRETCH.min(POINTS - s * STRETCH));
        rest = others;
        let stretch = stretch.expect("all stretches have margins");
        write(stretch, if s == at { missing } else { Missing::Nothing });
    }
    let k = kept.losses.len();
    kept.set_losses(&vec![1.0; k], &vec![0.0; k], 1, |_| ());
    kept.valid()
}

#[test]
fn a_pass_that_leaves_out_a_row_leaves_no_valid_margins() {
    let (mut margins, mut losses) = ([0.0; POINTS], [0.0]);
    let mut kept = KeptMargins::new(&mut margins, &mut losses);
    assert_eq!(pass(&mut kept, false, Missing::Nothing, 0), Valid::Computed);
    assert_eq!(pass(&mut kept, true, Missing::Nothing, 0), Valid::Decayed);
    for at in [0, 4, 9] {
        for missing in LEFT_OUT {
            assert_eq!(
                pass(&mut kept, false, missing, at),
                Valid::Nowhere,
                "{missing:?} of {at} when computed"
            );
            // Margins that are not valid are computed anew.
            assert_eq!(pass(&mut kept, true, Missing::Nothing, 0), Valid::Computed);
            assert_eq!(
                pass(&mut kept, true, missing, at),
                Valid::Nowhere,
                "{missing:?} of {at} when decayed"
            );
            assert_eq!(pass(&mut kept, false, Missing::Nothing, 0), Valid::Computed);
        }
    }
}

#[test]
fn a_stretch_that_no_pass_comes_to_leaves_no_valid_margins() {
    let (mut margins, mut losses) = ([0.0; POINTS], [0.0]);
    let mut kept = KeptMargins::new(&mut margins, &mut losses);
    let (first, rest) = kept.compute().split(STRETCH);
    write(first.expect("margins"), Missing::Nothing);
    let (second, _) = rest.split(STRETCH);
    write(second.expect("margins"), Missing::Nothing);
    kept.set_losses(&[1.0], &[0.0], 1, |_| ());
    assert_eq!(kept.valid(), Valid::Nowhere);
}

/// Blocks that are stored after rows were decayed have to be all blocks: rows that were decayed do not count any more.
#[test]
fn blocks_do_not_count_beside_decayed_rows() {
    let (mut margins, mut losses) = ([0.0; POINTS], [0.0]);
    let mut kept = KeptMargins::new(&mut margins, &mut losses);
    assert_eq!(pass(&mut kept, false, Missing::Nothing, 0), Valid::Computed);
    let (stretch, _) = kept.decay().split(STRETCH);
    let mut stretch = stretch.expect("margins");
    let mut listed = [0; STRETCH.next_multiple_of(16)];
    let level = Level::new(Isa::Portable);
    let count = stretch.decay(level, &[0; STRETCH], &mut listed);
    assert_eq!(count, Some(3));
    stretch.store_block(0, &[1.0; 3]);
    drop(stretch);
    assert_eq!(*kept.written.rows.get_mut(), 0);
}

#[test]
#[should_panic(expected = "first == self.stored")]
fn a_block_is_not_stored_twice() {
    let (mut margins, mut losses) = ([0.0; STRETCH], [0.0]);
    let mut kept = KeptMargins::new(&mut margins, &mut losses);
    let (stretch, _) = kept.compute().split(STRETCH);
    let mut stretch = stretch.expect("margins");
    stretch.store_block(0, &[1.0; BLOCK]);
    stretch.store_block(0, &[1.0; BLOCK]);
}

#[test]
fn losses_that_are_not_finite_leave_no_valid_margins() {
    let (mut margins, mut losses) = ([0.0; POINTS], [0.0; 3]);
    for to in [f64::NAN, f64::INFINITY, 1e200] {
        for j in 0..3 {
            let mut kept = KeptMargins::new(&mut margins, &mut losses);
            assert_eq!(pass(&mut kept, false, Missing::Nothing, 0), Valid::Computed);
            let mut new = [1.0; 3];
            new[j] = to;
            kept.set_losses(&new, &[0.0; 3], 1, |_| ());
            assert_eq!(kept.valid(), Valid::Nowhere, "{to} of {j}");
        }
    }
    // Two finite moves, whose sum is not.
    let mut kept = KeptMargins::new(&mut margins, &mut losses);
    assert_eq!(pass(&mut kept, false, Missing::Nothing, 0), Valid::Computed);
    kept.set_losses(&[3e38, 3e38, 0.0], &[0.0; 3], 1, |_| ());
    assert_eq!(kept.valid(), Valid::Nowhere);
}

/// Without the losses of a move, margins are valid for the centers before it alone.
#[test]
fn margins_are_not_used_twice_with_the_same_losses() {
    let (mut margins, mut losses) = ([0.0; POINTS], [0.0]);
    let mut kept = KeptMargins::new(&mut margins, &mut losses);
    assert_eq!(pass(&mut kept, false, Missing::Nothing, 0), Valid::Computed);
    assert!(kept.decay().losses.is_some());
    assert!(kept.decay().losses.is_none());
}

/// Whether losses are held in vectors.
fn holds_few(level: Level) -> bool {
    struct Query;
    impl Kernel for Query {
        type Out = bool;
        #[inline(always)]
        unsafe fn run<I: InstructionSet>(self) -> bool {
            I::Lanes::HOLDS_FEW
        }
    }
    level.run(Query)
}

/// A margin less its loss, of each label; none may be lowered twice, or passed over.
#[test]
fn every_margin_is_lowered_once() {
    for level in Level::here() {
        for k in [1, 2, 127, 128, 129, 300] {
            let losses: Vec<f32> = (0..k).map(|j| 1.0 + j as f32).collect();
            for count in [0, 1, 15, 16, 17, 31, 300] {
                let labels: Vec<i32> = (0..count).map(|p| ((p * 7 + k - 1) % k) as i32).collect();
                let margin = |p: usize| (p % 5) as f32 * 64.0;
                let mut margins: Vec<f32> = (0..count).map(margin).collect();
                let mut listed = vec![u32::MAX; count.next_multiple_of(16)];
                let found = decay(level, &mut margins, &labels, &losses, &mut listed);
                let left = |p: usize| margin(p) * (1.0 - f32::EPSILON) - (1 + labels[p]) as f32;
                let expected: Vec<f32> = (0..count).map(left).collect();
                assert_eq!(margins, expected, "{level:?}, {count} of {k}");
                let used_up = (0..count as u32).filter(|&p| expected[p as usize] <= 0.0);
                assert_eq!(listed[..found], used_up.collect::<Vec<u32>>());
            }
            // Labels that have no loss are refused before anything is read; or, where losses are in registers, their points are tested.
            let bad = [-1, i32::MIN, k as i32, 128 + k as i32, 1 << 30];
            for (label, place) in bad.into_iter().flat_map(|label| [(label, 5), (label, 33)]) {
                let (mut margins, mut labels) = ([100.0; 40], [0; 40]);
                labels[place] = label;
                let refused = std::panic::catch_unwind(move || {
                    let mut tested = [0; 48];
                    let count = decay(level, &mut margins, &labels, &[1.0; 300][..k], &mut tested);
                    assert_eq!(
                        (tested[..count].to_vec(), margins[place]),
                        (vec![place as u32], f32::NEG_INFINITY)
                    );
                });
                assert_eq!(
                    refused.is_err(),
                    k > FEW_LOSSES || !holds_few(level),
                    "{level:?}, label {label} of {k}"
                );
            }
        }
    }
}
