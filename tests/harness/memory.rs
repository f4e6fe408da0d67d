//! Memory that shows what is done to it: gaps that must not be read, guards that must not be written.

use centra::{Layout, Points};

/// The same points in another place. Gaps are NaN, so that reading one shows; the first double lies 8 bytes past a
/// multiple of 16, so that no vector load can count on alignment; nothing follows the last coordinate.
pub struct Stored {
    data: Vec<f64>,
    n: usize,
    d: usize,
    ld: usize,
    layout: Layout,
}

impl Stored {
    pub fn new(x: &[f64], d: usize, copy: usize) -> Stored {
        let n = x.len() / d;
        let (layout, ld) = [
            (Layout::Rows, d),
            (Layout::Rows, d + 3),
            (Layout::Columns, n),
            (Layout::Columns, n + 5),
        ][copy];
        let at = |p: usize, i: usize| {
            1 + if layout == Layout::Rows {
                p * ld + i
            } else {
                i * ld + p
            }
        };
        let length = n.checked_sub(1).map_or(1, |last| at(last, d - 1) + 1);
        let mut data = vec![f64::NAN; length];
        for p in 0..n {
            for i in 0..d {
                data[at(p, i)] = x[p * d + i];
            }
        }
        Stored {
            data,
            n,
            d,
            ld,
            layout,
        }
    }

    pub fn points(&self) -> Points<'_> {
        Points::with_leading_dimension(&self.data[1..], self.n, self.d, self.ld, self.layout)
            .expect("a legal view")
    }

    /// The same for C: where the points are, how many, of how many dimensions, how far apart, and whether in columns.
    pub fn raw(&self) -> (*const f64, usize, usize, usize, bool) {
        let columns = self.layout == Layout::Columns;
        (self.data[1..].as_ptr(), self.n, self.d, self.ld, columns)
    }

    /// All of the memory, gaps included.
    pub fn bits(&self) -> Vec<u64> {
        self.data.iter().map(|x| x.to_bits()).collect()
    }
}

/// A workspace of exactly the size asked for, aligned to 16 bytes and no more, and full of what was there before.
#[derive(Default)]
pub struct Workspace {
    bytes: Vec<u8>,
}

const GUARD: usize = 64;

impl Workspace {
    pub fn run<T>(&mut self, size: usize, call: impl FnOnce(&mut [u8]) -> T) -> Result<T, String> {
        if self.bytes.len() < size + 2 * GUARD + 64 {
            let old = self.bytes.len();
            self.bytes.resize(size + 2 * GUARD + 64, 0xa7);
            self.bytes[old..].fill(0xff);
        }
        let start = GUARD + self.bytes[GUARD..].as_ptr().align_offset(64) - 48;
        let guards = [start - 16..start, start + size..start + size + GUARD];
        guards
            .iter()
            .for_each(|guard| self.bytes[guard.clone()].fill(0x5a));
        let result = call(&mut self.bytes[start..start + size]);
        if guards
            .iter()
            .any(|guard| self.bytes[guard.clone()].iter().any(|&byte| byte != 0x5a))
        {
            return Err("wrote outside of its workspace".into());
        }
        Ok(result)
    }
}
