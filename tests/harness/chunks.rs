//! Points that are not in one place: a case in random chunks, and what these give reduced in random trees.

use super::data::Rng;
use super::{refusal, require, same, Case, Stored, COPIES};
use centra::stream::{self, Drawn, Kept, State, Stream, Wanted, MASSES};
use centra::{Options, Points, Status};

/// Points in chunks, and how what they give is reduced.
pub struct Chunks<'a> {
    case: &'a Case,
    /// First and last point of each, some of them empty.
    ends: Vec<(usize, usize)>,
    stored: Vec<Option<Stored>>,
    options: Options<'a>,
    rng: std::cell::RefCell<Rng>,
}

impl<'a> Chunks<'a> {
    pub fn new(case: &'a Case, options: &Options<'a>, seed: u64) -> Self {
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
            case,
            ends,
            options: options.clone(),
            rng: rng.into(),
        }
    }

    /// Calls `with` for every chunk that has points, in a random order: its points, its options, where it starts and ends.
    fn each(
        &self,
        mut with: impl FnMut(&Points, &Options, (usize, usize)) -> Result<(), String>,
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
                with(&stored.points(), &options, (from, to))?;
            }
        }
        Ok(())
    }

    /// What all chunks give to arrays of `length` zeros, which are reduced by `join` in a random tree.
    fn reduced<T: Copy + Default>(
        &self,
        length: usize,
        join: impl Fn(T, T) -> T,
        mut give: impl FnMut(&Points, &Options, (usize, usize), &mut [T]) -> Result<(), String>,
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
            for (a, b) in partial[to].iter_mut().zip(other) {
                *a = join(*a, b);
            }
        }
        Ok(partial.remove(0))
    }

    pub fn range(&self) -> Result<Vec<i32>, String> {
        let length = stream::range_length(self.case.d).map_err(refusal)?;
        self.reduced(length, i32::max, |points, options, _, range| {
            stream::range(points, options, range).map_err(refusal)
        })
    }

    /// The loop; labels where they are compared. An error is the status of a refused step.
    #[allow(clippy::type_complexity)]
    pub fn fit(
        &self,
        stream: &Stream,
        compare: bool,
    ) -> Result<Result<(Vec<f64>, Vec<i32>, State), Status>, String> {
        let (mut centers, mut state) = (self.case.start.clone(), State::default());
        let mut labels = vec![0; self.case.n()];
        let wanted = Wanted {
            inertia: true,
            moved: compare,
        };
        while !state.done() {
            let length = stream.sums_length().map_err(refusal)?;
            let sums = self.reduced(
                length,
                |a: i64, b| a + b,
                |points, options, (from, to), sums| {
                    let labels = Some(&mut labels[from..to]);
                    stream::sums(stream, points, options, &centers, labels, wanted, sums)
                        .map_err(refusal)
                },
            )?;
            if let Err(error) = stream::step(stream, &sums, &self.options, &mut centers, &mut state)
            {
                return Ok(Err(error.status()));
            }
            let mut means = centers.clone();
            let mut counts = vec![0; self.case.k()];
            stream::means(stream, &sums, &mut means, Some(&mut counts)).map_err(refusal)?;
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
    pub fn seed(&self, stream: &Stream, k: usize, keep: bool) -> Result<Vec<f64>, String> {
        let d = self.case.d;
        let mut candidates = Vec::new();
        let mut masses = vec![0; MASSES];
        let mut kept = vec![f64::NAN; self.case.n()];
        let (mut round, mut known) = (0, 0);
        while stream::due(k, round, candidates.len() / d, &masses) {
            masses = self.reduced(
                MASSES,
                |a: i64, b| a + b,
                |points, options, (from, to), masses| {
                    let kept = keep.then_some(Kept {
                        distances: &mut kept[from..to],
                        known,
                    });
                    stream::masses(stream, points, options, &candidates, kept, masses)
                        .map_err(refusal)
                },
            )?;
            known = candidates.len() / d;
            let most = stream::candidates(k).0;
            let mut drawn = Vec::new();
            self.each(|points, options, (from, to)| {
                let (mut rows, mut count) = (vec![0.0; most * d], 0);
                stream::draw(
                    stream,
                    points,
                    options,
                    &masses,
                    &candidates,
                    keep.then_some(&kept[from..to]),
                    Drawn {
                        round,
                        first: from as u64,
                        rows: &mut rows,
                        count: &mut count,
                    },
                )
                .map_err(refusal)?;
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
        let count = candidates.len() / d;
        let weights = self.reduced(
            stream.weights_length(count).map_err(refusal)?,
            |a: i64, b| a + b,
            |points, options, _, weights| {
                stream::weigh(stream, points, options, &candidates, weights).map_err(refusal)
            },
        )?;
        let mut centers = vec![0.0; k * d];
        stream::choose(stream, &candidates, &weights, &self.options, &mut centers)
            .map_err(refusal)?;
        Ok(centers)
    }
}
