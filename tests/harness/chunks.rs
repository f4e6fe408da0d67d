//! Points that are not in one place: a case in random chunks, and what these give reduced in random trees.

use super::data::Rng;
use super::{equal, require, same, Case, Stored, COPIES};
use crate::options::stream::{self, Stream};
use crate::options::Options;
use centra::streams::{Drawn, Kept, State, Wanted, MASSES};
use centra::Error;
use std::fmt;

/// A refusal in either language: its status, and what it says.
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    pub status: i32,
    pub detail: String,
}

impl From<Error> for Refused {
    fn from(error: Error) -> Refused {
        Refused {
            status: error.status() as i32,
            detail: error.detail().into(),
        }
    }
}

impl From<Refused> for String {
    fn from(refused: Refused) -> String {
        refused.to_string()
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with {}: {}", self.status, self.detail)
    }
}

/// What all chunks have in common.
#[derive(Clone, Copy)]
pub struct Whole<'a> {
    pub total: usize,
    pub d: usize,
    pub k: usize,
    pub range: &'a [i32],
}

/// The calls on chunks, in one of the library's languages.
pub trait Calls {
    fn range_length(&self, d: usize) -> Result<usize, Refused>;
    fn range(&self, points: &Stored, options: &Options, range: &mut [i32]) -> Result<(), Refused>;
    fn sums_length(&self, whole: Whole) -> Result<usize, Refused>;
    #[allow(clippy::too_many_arguments)]
    fn sums(
        &self,
        whole: Whole,
        points: &Stored,
        options: &Options,
        centers: &[f64],
        labels: &mut [i32],
        wanted: Wanted,
        sums: &mut [i64],
    ) -> Result<(), Refused>;
    fn means(
        &self,
        whole: Whole,
        sums: &[i64],
        centers: &mut [f64],
        counts: &mut [i64],
    ) -> Result<(), Refused>;
    fn step(
        &self,
        whole: Whole,
        sums: &[i64],
        options: &Options,
        centers: &mut [f64],
        state: &mut State,
    ) -> Result<(), Refused>;
    fn farthest_length(
        &self,
        whole: Whole,
        sums: &[i64],
        options: &Options,
        centers: &[f64],
        state: &State,
    ) -> Result<usize, Refused>;
    #[allow(clippy::too_many_arguments)]
    fn farthest(
        &self,
        whole: Whole,
        points: &Stored,
        options: &Options,
        centers: &[f64],
        sums: &[i64],
        first: u64,
        farthest: &mut [i64],
    ) -> Result<(), Refused>;
    fn join_farthest(&self, d: usize, from: &[i64], farthest: &mut [i64]) -> Result<(), Refused>;
    fn relocate(
        &self,
        whole: Whole,
        sums: &mut [i64],
        farthest: &[i64],
        options: &Options,
        centers: &mut [f64],
        state: &mut State,
    ) -> Result<(), Refused>;
    /// Rows that one round draws at most.
    fn candidates(&self, whole: Whole) -> Result<usize, Refused>;
    fn due(&self, whole: Whole, round: u32, count: usize, masses: &[i64]) -> Result<bool, Refused>;
    fn masses(
        &self,
        whole: Whole,
        points: &Stored,
        options: &Options,
        candidates: &[f64],
        kept: Option<Kept>,
        masses: &mut [i64],
    ) -> Result<(), Refused>;
    #[allow(clippy::too_many_arguments)]
    fn draw(
        &self,
        whole: Whole,
        points: &Stored,
        options: &Options,
        masses: &[i64],
        candidates: &[f64],
        distances: Option<&[f64]>,
        drawn: Drawn,
    ) -> Result<(), Refused>;
    fn weights_length(&self, whole: Whole, count: usize) -> Result<usize, Refused>;
    fn weigh(
        &self,
        whole: Whole,
        points: &Stored,
        options: &Options,
        candidates: &[f64],
        weights: &mut [i64],
    ) -> Result<(), Refused>;
    fn choose(
        &self,
        whole: Whole,
        candidates: &[f64],
        weights: &[i64],
        options: &Options,
        centers: &mut [f64],
    ) -> Result<(), Refused>;
}

/// The calls of the Rust API.
pub struct InRust;

impl<'a> Whole<'a> {
    fn stream(self) -> Result<Stream<'a>, Refused> {
        Ok(Stream::new(self.total, self.d, self.k, self.range)?)
    }
}

impl Calls for InRust {
    fn range_length(&self, d: usize) -> Result<usize, Refused> {
        Ok(stream::range_length(d)?)
    }

    fn range(&self, points: &Stored, options: &Options, range: &mut [i32]) -> Result<(), Refused> {
        Ok(stream::range(&points.points(), options, range)?)
    }

    fn sums_length(&self, whole: Whole) -> Result<usize, Refused> {
        Ok(whole.stream()?.sums_length()?)
    }

    fn sums(
        &self,
        whole: Whole,
        points: &Stored,
        options: &Options,
        centers: &[f64],
        labels: &mut [i32],
        wanted: Wanted,
        sums: &mut [i64],
    ) -> Result<(), Refused> {
        let (stream, points, labels) = (whole.stream()?, points.points(), Some(labels));
        Ok(stream::sums(
            &stream, &points, options, centers, labels, wanted, sums,
        )?)
    }

    fn means(
        &self,
        whole: Whole,
        sums: &[i64],
        centers: &mut [f64],
        counts: &mut [i64],
    ) -> Result<(), Refused> {
        Ok(stream::means(
            &whole.stream()?,
            sums,
            centers,
            Some(counts),
        )?)
    }

    fn step(
        &self,
        whole: Whole,
        sums: &[i64],
        options: &Options,
        centers: &mut [f64],
        state: &mut State,
    ) -> Result<(), Refused> {
        Ok(stream::step(
            &whole.stream()?,
            sums,
            options,
            centers,
            state,
        )?)
    }

    fn farthest_length(
        &self,
        whole: Whole,
        sums: &[i64],
        options: &Options,
        centers: &[f64],
        state: &State,
    ) -> Result<usize, Refused> {
        let stream = whole.stream()?;
        Ok(stream::farthest_length(
            &stream, sums, options, centers, state,
        )?)
    }

    fn farthest(
        &self,
        whole: Whole,
        points: &Stored,
        options: &Options,
        centers: &[f64],
        sums: &[i64],
        first: u64,
        farthest: &mut [i64],
    ) -> Result<(), Refused> {
        let (stream, points) = (whole.stream()?, points.points());
        Ok(stream::farthest(
            &stream, &points, options, centers, sums, first, farthest,
        )?)
    }

    fn join_farthest(&self, d: usize, from: &[i64], farthest: &mut [i64]) -> Result<(), Refused> {
        Ok(stream::join_farthest(d, from, farthest)?)
    }

    fn relocate(
        &self,
        whole: Whole,
        sums: &mut [i64],
        farthest: &[i64],
        options: &Options,
        centers: &mut [f64],
        state: &mut State,
    ) -> Result<(), Refused> {
        let stream = whole.stream()?;
        Ok(stream::relocate(
            &stream, sums, farthest, options, centers, state,
        )?)
    }

    fn candidates(&self, whole: Whole) -> Result<usize, Refused> {
        Ok(whole.stream()?.candidates_per_round()?)
    }

    fn due(&self, whole: Whole, round: u32, count: usize, masses: &[i64]) -> Result<bool, Refused> {
        Ok(whole.stream()?.due(round, count, masses)?)
    }

    fn masses(
        &self,
        whole: Whole,
        points: &Stored,
        options: &Options,
        candidates: &[f64],
        kept: Option<Kept>,
        masses: &mut [i64],
    ) -> Result<(), Refused> {
        let (stream, points) = (whole.stream()?, points.points());
        Ok(stream::masses(
            &stream, &points, options, candidates, kept, masses,
        )?)
    }

    fn draw(
        &self,
        whole: Whole,
        points: &Stored,
        options: &Options,
        masses: &[i64],
        candidates: &[f64],
        distances: Option<&[f64]>,
        drawn: Drawn,
    ) -> Result<(), Refused> {
        let (stream, points) = (whole.stream()?, points.points());
        Ok(stream::draw(
            &stream, &points, options, masses, candidates, distances, drawn,
        )?)
    }

    fn weights_length(&self, whole: Whole, count: usize) -> Result<usize, Refused> {
        Ok(whole.stream()?.weights_length(count)?)
    }

    fn weigh(
        &self,
        whole: Whole,
        points: &Stored,
        options: &Options,
        candidates: &[f64],
        weights: &mut [i64],
    ) -> Result<(), Refused> {
        let (stream, points) = (whole.stream()?, points.points());
        Ok(stream::weigh(
            &stream, &points, options, candidates, weights,
        )?)
    }

    fn choose(
        &self,
        whole: Whole,
        candidates: &[f64],
        weights: &[i64],
        options: &Options,
        centers: &mut [f64],
    ) -> Result<(), Refused> {
        Ok(stream::choose(
            &whole.stream()?,
            candidates,
            weights,
            options,
            centers,
        )?)
    }
}

/// Points in chunks, and how what they give is reduced.
pub struct Chunks<'a> {
    calls: &'a dyn Calls,
    case: &'a Case,
    /// First and last point of each, some of them empty.
    ends: Vec<(usize, usize)>,
    stored: Vec<Option<Stored>>,
    options: Options<'a>,
    rng: std::cell::RefCell<Rng>,
}

impl<'a> Chunks<'a> {
    pub fn new(case: &'a Case, options: &Options<'a>, seed: u64) -> Self {
        Chunks::through(&InRust, case, options, seed)
    }

    pub fn through(calls: &'a dyn Calls, case: &'a Case, options: &Options<'a>, seed: u64) -> Self {
        let mut rng = Rng(seed);
        let n = case.n();
        let mut cuts = vec![0, n];
        for _ in 0..rng.below(9) {
            cuts.push(rng.below(n + 1));
        }
        cuts.sort();
        let ends: Vec<_> = cuts.windows(2).map(|pair| (pair[0], pair[1])).collect();
        let d = case.d;
        let stored = ends.iter().map(|&(from, to)| {
            (from < to).then(|| Stored::new(&case.x[from * d..to * d], d, rng.below(COPIES)))
        });
        Chunks {
            stored: stored.collect(),
            calls,
            case,
            ends,
            options: options.clone(),
            rng: rng.into(),
        }
    }

    /// Calls `with` for every chunk that has points, in a random order: its points, its options, where it starts and ends.
    fn each(
        &self,
        mut with: impl FnMut(&Stored, &Options, (usize, usize)) -> Result<(), String>,
    ) -> Result<(), String> {
        let mut order: Vec<usize> = (0..self.ends.len()).collect();
        for i in (1..order.len()).rev() {
            order.swap(i, self.rng.borrow_mut().below(i + 1));
        }
        for c in order {
            let (from, to) = self.ends[c];
            if let Some(stored) = &self.stored[c] {
                let weights = self.case.weights.as_deref().map(|w| &w[from..to]);
                let options = Options {
                    weights,
                    ..self.options.clone()
                };
                with(stored, &options, (from, to))?;
            }
        }
        Ok(())
    }

    /// What all chunks give to arrays of `length` zeros, which are reduced element by element by `join` in a random tree.
    fn reduced<T: Copy + Default>(
        &self,
        length: usize,
        join: impl Fn(T, T) -> T,
        give: impl FnMut(&Stored, &Options, (usize, usize), &mut [T]) -> Result<(), String>,
    ) -> Result<Vec<T>, String> {
        let join_all = |other: &[T], to: &mut [T]| {
            for (a, &b) in to.iter_mut().zip(other) {
                *a = join(*a, b);
            }
            Ok(())
        };
        self.joined(length, join_all, give)
    }

    /// The same for arrays that `join` joins as a whole, the first into the second.
    fn joined<T: Copy + Default>(
        &self,
        length: usize,
        join: impl Fn(&[T], &mut [T]) -> Result<(), String>,
        mut give: impl FnMut(&Stored, &Options, (usize, usize), &mut [T]) -> Result<(), String>,
    ) -> Result<Vec<T>, String> {
        let mut partial = vec![vec![T::default(); length]];
        self.each(|points, options, ends| {
            // On top of what others gave, or apart.
            if self.rng.borrow_mut().below(2) == 0 {
                partial.push(vec![T::default(); length]);
            }
            let at = self.rng.borrow_mut().below(partial.len());
            give(points, options, ends, &mut partial[at])
        })?;
        while partial.len() > 1 {
            let at = self.rng.borrow_mut().below(partial.len());
            let other = partial.swap_remove(at);
            let to = self.rng.borrow_mut().below(partial.len());
            join(&other, &mut partial[to])?;
        }
        Ok(partial.remove(0))
    }

    fn whole<'b>(&self, range: &'b [i32]) -> Whole<'b> {
        let (total, d, k) = (self.case.n(), self.case.d, self.case.k());
        Whole { total, d, k, range }
    }

    pub fn range(&self) -> Result<Vec<i32>, String> {
        let length = self.calls.range_length(self.case.d)?;
        self.reduced(length, i32::max, |points, options, _, range| {
            Ok(self.calls.range(points, options, range)?)
        })
    }

    /// The loop; labels where they are compared. An error is the status of a refused step.
    #[allow(clippy::type_complexity)]
    pub fn fit(
        &self,
        range: &[i32],
        compare: bool,
    ) -> Result<Result<(Vec<f64>, Vec<i32>, State), i32>, String> {
        let (calls, whole) = (self.calls, self.whole(range));
        let (mut centers, mut state) = (self.case.start.clone(), State::default());
        let mut labels = vec![0; self.case.n()];
        let wanted = Wanted::default().inertia(true).moved(compare);
        while !state.done() {
            let mut sums = self.reduced(
                calls.sums_length(whole)?,
                |a: i64, b| a + b,
                |points, options, (from, to), sums| {
                    let labels = &mut labels[from..to];
                    calls.sums(whole, points, options, &centers, labels, wanted, sums)?;
                    Ok(())
                },
            )?;
            let length = calls.farthest_length(whole, &sums, &self.options, &centers, &state)?;
            if length == 0 && self.rng.borrow_mut().below(2) == 0 {
                let step = calls.step(whole, &sums, &self.options, &mut centers, &mut state);
                if let Err(refused) = step {
                    return Ok(Err(refused.status));
                }
            } else {
                if length > 0 {
                    let (mut same_centers, mut same_state) = (centers.clone(), state);
                    let (to, state) = (&mut same_centers, &mut same_state);
                    let step = calls.step(whole, &sums, &self.options, to, state);
                    let status = step.map_err(|refused| refused.status);
                    equal("step", &[status], &[Err(centra::Status::Empty as i32)])?;
                    same("refused centers", &same_centers, &centers)?;
                }
                let join = |from: &[i64], to: &mut [i64]| {
                    calls.join_farthest(whole.d, from, to)?;
                    Ok(())
                };
                let farthest = match length {
                    0 => Vec::new(),
                    _ => self.joined(length, join, |points, options, (from, _), list| {
                        let first = from as u64;
                        calls.farthest(whole, points, options, &centers, &sums, first, list)?;
                        Ok(())
                    })?,
                };
                let step = calls.relocate(
                    whole,
                    &mut sums,
                    &farthest,
                    &self.options,
                    &mut centers,
                    &mut state,
                );
                if let Err(refused) = step {
                    return Ok(Err(refused.status));
                }
            }
            let mut means = centers.clone();
            let mut counts = vec![0; self.case.k()];
            calls.means(whole, &sums, &mut means, &mut counts)?;
            if !state.done() {
                same("means beside centers", &means, &centers)?;
            }
            require(counts.iter().sum::<i64>() == self.case.n() as i64, || {
                format!("counts {counts:?}")
            })?;
        }
        Ok(Ok((centers, labels, state)))
    }

    /// k-means‖, with distances kept or not.
    pub fn seed(&self, range: &[i32], keep: bool) -> Result<Vec<f64>, String> {
        let (calls, whole) = (self.calls, self.whole(range));
        let Whole { d, k, .. } = whole;
        let mut candidates = Vec::new();
        let mut masses = vec![0; MASSES];
        let mut kept = vec![f64::NAN; self.case.n()];
        let (mut round, mut known) = (0, 0);
        while calls.due(whole, round, candidates.len() / d, &masses)? {
            masses = self.reduced(
                MASSES,
                |a: i64, b| a + b,
                |points, options, (from, to), masses| {
                    let kept = keep.then_some(Kept {
                        distances: &mut kept[from..to],
                        known,
                    });
                    calls.masses(whole, points, options, &candidates, kept, masses)?;
                    Ok(())
                },
            )?;
            known = candidates.len() / d;
            let most = calls.candidates(whole)?;
            let mut drawn = Vec::new();
            self.each(|points, options, (from, to)| {
                let (mut rows, mut count) = (vec![0.0; most * d], 0);
                let distances = keep.then_some(&kept[from..to]);
                let mine = Drawn {
                    round,
                    first: from as u64,
                    rows: &mut rows,
                    count: &mut count,
                };
                calls.draw(
                    whole,
                    points,
                    options,
                    &masses,
                    &candidates,
                    distances,
                    mine,
                )?;
                rows.truncate(count as usize * d);
                drawn.push((from, rows));
                Ok(())
            })?;
            drawn.sort_by_key(|&(from, _)| from);
            let rows: Vec<f64> = drawn.into_iter().flat_map(|(_, rows)| rows).collect();
            if rows.len() <= most * d {
                candidates.extend(rows);
            }
            round += 1;
        }
        let weights = self.reduced(
            calls.weights_length(whole, candidates.len() / d)?,
            |a: i64, b| a + b,
            |points, options, _, weights| {
                calls.weigh(whole, points, options, &candidates, weights)?;
                Ok(())
            },
        )?;
        let mut centers = vec![0.0; k * d];
        calls.choose(whole, &candidates, &weights, &self.options, &mut centers)?;
        Ok(centers)
    }
}
