//! A failing case made smaller, for as long as it still fails.

use crate::call::Patience;
use crate::case::{Case, Form, Way};
use std::time::{Duration, Instant};

/// The least that was found in the time; it fails, too.
pub fn minimise(case: &Case, patience: Patience, time: Duration) -> Case {
    let mut least = Least {
        case: case.clone(),
        patience,
        end: Instant::now() + time,
    };
    loop {
        let before = least.case.written().len();
        least.options();
        least.ways();
        least.without(|case| case.n(), without_rows);
        least.without(|case| case.input.k(), without_centers);
        least.without(|case| case.input.d, without_dimensions);
        if least.case.written().len() >= before || least.over() {
            return least.case;
        }
    }
}

struct Least {
    case: Case,
    patience: Patience,
    end: Instant,
}

impl Least {
    fn over(&self) -> bool {
        Instant::now() > self.end
    }

    /// Takes the other case if it fails; whether it does.
    fn offer(&mut self, other: Case) -> bool {
        let fails = !self.over() && other.check(self.patience).is_err();
        if fails {
            self.case = other;
        }
        fails
    }

    fn change(&mut self, change: impl FnOnce(&mut Case)) {
        let mut other = self.case.clone();
        change(&mut other);
        self.offer(other);
    }

    fn options(&mut self) {
        self.change(|case| case.input.weights = None);
        self.change(|case| case.tol = 0.0);
        self.change(|case| case.empty = centra::Empty::Keep);
        self.change(|case| case.stop = None);
        for smaller in [1, 2, 3, 5, 10] {
            if u64::from(self.case.n_init) > smaller {
                self.change(|case| case.n_init = smaller as u32);
            }
        }
        for smaller in [0, 1, 2, 3, 4, 6, 10, 20] {
            if self.case.max_iter > smaller {
                self.change(|case| case.max_iter = smaller);
            }
        }
    }

    /// The second way becomes the first but for what is needed.
    fn ways(&mut self) {
        let take: [fn(&mut Way, Way); 5] = [
            |way, from| way.isa = from.isa,
            |way, from| way.threads = from.threads,
            |way, from| way.copy = from.copy,
            |way, from| way.algorithm = from.algorithm,
            |way, from| way.form = from.form,
        ];
        for take in take {
            let first = self.case.ways[0];
            self.change(|case| take(&mut case.ways[1], first));
        }
        for way in 0..2 {
            self.change(|case| case.ways[way].threads = 1);
            self.change(|case| case.ways[way].copy = 0);
            self.change(|case| case.ways[way].form = Form::Lent);
            // A plainer manner of the same call.
            for seed in 0..12 {
                self.change(|case| match &mut case.ways[way].form {
                    Form::Chunks(of) | Form::InC(of) | Form::ChunksInC(of) => *of = seed.min(*of),
                    _ => {}
                });
            }
        }
    }

    /// Leaves out halves, then smaller and smaller parts, of what there are `count` of.
    fn without(&mut self, count: fn(&Case) -> usize, without: fn(&Case, usize, usize) -> Case) {
        let mut part = count(&self.case) / 2;
        while part > 0 && !self.over() {
            let mut from = 0;
            while from < count(&self.case) && !self.over() {
                let to = (from + part).min(count(&self.case));
                let all = to - from == count(&self.case);
                if all || !self.offer(without(&self.case, from, to)) {
                    from = to;
                }
            }
            part /= 2;
        }
    }
}

fn without_rows(case: &Case, from: usize, to: usize) -> Case {
    let mut case = case.clone();
    let d = case.input.d;
    case.input.x.drain(from * d..to * d);
    case.labels.drain(from..to);
    if let Some(weights) = &mut case.input.weights {
        weights.drain(from..to);
    }
    case
}

fn without_centers(case: &Case, from: usize, to: usize) -> Case {
    let mut case = case.clone();
    let d = case.input.d;
    case.input.start.drain(from * d..to * d);
    let last = case.input.k() as i32 - 1;
    case.labels
        .iter_mut()
        .for_each(|label| *label = (*label).min(last));
    case
}

fn without_dimensions(case: &Case, from: usize, to: usize) -> Case {
    let mut case = case.clone();
    let d = case.input.d;
    for rows in [&mut case.input.x, &mut case.input.start] {
        let kept = |(at, x): (usize, f64)| (!(from..to).contains(&(at % d))).then_some(x);
        *rows = rows.iter().copied().enumerate().filter_map(kept).collect();
    }
    case.input.d = d - (to - from);
    case
}
