//! Memory that shows what is done to it: gaps that must not be read, guards that must not be written.

use super::{COPIES, PLACES};
use centra::{Coordinate, Index, Layout, Points};

/// The same points in another place, as doubles, or as floats or bytes, where they can be exactly; or as sparse rows of these.
/// Gaps are NaN, or 255, so that reading one shows; the first number lies one past a multiple of 16 bytes or less, so that no
/// vector load can count on alignment; nothing follows the last coordinate.
pub struct Stored {
    data: Data,
    n: usize,
    d: usize,
    ld: usize,
    layout: Layout,
    /// Of sparse rows, whose coordinates `data` has.
    places: Option<Places>,
}

/// Where the coordinates of sparse rows are.
enum Places {
    Narrow { columns: Vec<i32>, starts: Vec<i32> },
    Wide { columns: Vec<i64>, starts: Vec<i64> },
}

enum Data {
    Doubles(Vec<f64>),
    Floats(Vec<f32>),
    Bytes(Vec<u8>),
}

impl Data {
    fn new(data: Vec<f64>, of: Type) -> Data {
        let byte = |x: &f64| if x.is_nan() { 255 } else { *x as u8 };
        match of {
            Type::Doubles => Data::Doubles(data),
            Type::Floats => Data::Floats(data.iter().map(|&x| x as f32).collect()),
            Type::Bytes => Data::Bytes(data.iter().map(byte).collect()),
        }
    }
}

/// What points are stored as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    Doubles,
    Floats,
    Bytes,
}

impl Type {
    /// That of a copy, for numbers that it can hold, NaN among them; else doubles.
    fn of(copy: usize, x: &[f64]) -> Type {
        let same = |x: f64, of: f64| x.to_bits() == of.to_bits() || x.is_nan() && of.is_nan();
        let floats = |&x: &f64| same(x, f64::from(x as f32));
        let bytes = |&x: &f64| same(x, f64::from(x as u8));
        let kind = match copy {
            14 => 1,
            15 => 2,
            _ => copy / PLACES,
        };
        match kind {
            1 if x.iter().all(floats) => Type::Floats,
            2 if x.iter().all(bytes) => Type::Bytes,
            _ => Type::Doubles,
        }
    }
}

impl Stored {
    pub fn new(x: &[f64], d: usize, copy: usize) -> Stored {
        if copy >= COPIES {
            return Stored::sparse(x, d, copy);
        }
        let n = x.len() / d;
        let (layout, ld) = [
            (Layout::Rows, d),
            (Layout::Rows, d + 3),
            (Layout::Columns, n),
            (Layout::Columns, n + 5),
        ][copy % PLACES];
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
            data: Data::new(data, Type::of(copy, x)),
            n,
            d,
            ld,
            layout,
            places: None,
        }
    }

    /// Sparse rows, which store all that is not +0.0, and some zeros.
    fn sparse(x: &[f64], d: usize, copy: usize) -> Stored {
        let (mut data, mut columns, mut starts) = (vec![f64::NAN], vec![-1], vec![0]);
        for (p, row) in x.chunks(d).enumerate() {
            for (i, &x) in row.iter().enumerate() {
                if x.to_bits() != 0 || (p + i) % 5 == 0 {
                    data.push(x);
                    columns.push(i as i64);
                }
            }
            starts.push(data.len() as i64 - 1);
        }
        let narrow = |all: &[i64]| all.iter().map(|&i| i as i32).collect();
        Stored {
            data: Data::new(data, Type::of(copy, x)),
            n: x.len() / d,
            d,
            ld: 0,
            layout: Layout::Csr,
            places: Some(match copy % 2 {
                0 => Places::Narrow {
                    columns: narrow(&columns),
                    starts: narrow(&starts),
                },
                _ => Places::Wide { columns, starts },
            }),
        }
    }

    pub fn points(&self) -> Points<'_> {
        match &self.data {
            Data::Doubles(data) => self.view(data),
            Data::Floats(data) => self.view(data),
            Data::Bytes(data) => self.view(data),
        }
    }

    fn view<'a, C: Coordinate>(&'a self, data: &'a [C]) -> Points<'a> {
        if let Some(places) = &self.places {
            return match places {
                Places::Narrow { columns, starts } => self.csr(data, columns, starts),
                Places::Wide { columns, starts } => self.csr(data, columns, starts),
            };
        }
        Points::with_leading_dimension(&data[1..], self.n, self.d, self.ld, self.layout)
            .expect("a legal view")
    }

    fn csr<'a, C: Coordinate, J: Index>(
        &self,
        data: &'a [C],
        columns: &'a [J],
        starts: &'a [J],
    ) -> Points<'a> {
        Points::csr(&data[1..], &columns[1..], starts, self.n, self.d).expect("legal rows")
    }

    pub fn coordinates(&self) -> Type {
        match self.data {
            Data::Doubles(_) => Type::Doubles,
            Data::Floats(_) => Type::Floats,
            Data::Bytes(_) => Type::Bytes,
        }
    }

    /// The same for C: where the points are, how many, of how many dimensions, how far apart, and whether in columns.
    pub fn raw(&self) -> (*const u8, usize, usize, usize, bool) {
        let columns = self.layout == Layout::Columns;
        let start = match &self.data {
            Data::Doubles(data) => data[1..].as_ptr().cast(),
            Data::Floats(data) => data[1..].as_ptr().cast(),
            Data::Bytes(data) => data[1..].as_ptr(),
        };
        (start, self.n, self.d, self.ld, columns)
    }

    /// Of sparse rows, for C: where their columns and starts are, the bytes of an index, and how many coordinates are stored.
    pub fn raw_places(&self) -> Option<(*const u8, *const u8, i32, usize)> {
        Some(match self.places.as_ref()? {
            Places::Narrow { columns, starts } => {
                let (from, starts) = (columns[1..].as_ptr().cast(), starts.as_ptr().cast());
                (from, starts, 4, columns.len() - 1)
            }
            Places::Wide { columns, starts } => {
                let (from, starts) = (columns[1..].as_ptr().cast(), starts.as_ptr().cast());
                (from, starts, 8, columns.len() - 1)
            }
        })
    }

    /// All of the memory, gaps included.
    pub fn bits(&self) -> Vec<u64> {
        let mut bits: Vec<u64> = match &self.data {
            Data::Doubles(data) => data.iter().map(|x| x.to_bits()).collect(),
            Data::Floats(data) => data.iter().map(|x| x.to_bits().into()).collect(),
            Data::Bytes(data) => data.iter().map(|&x| x.into()).collect(),
        };
        match &self.places {
            None => {}
            Some(Places::Narrow { columns, starts }) => {
                bits.extend(columns.iter().chain(starts).map(|&i| i as u64));
            }
            Some(Places::Wide { columns, starts }) => {
                bits.extend(columns.iter().chain(starts).map(|&i| i as u64));
            }
        }
        bits
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
