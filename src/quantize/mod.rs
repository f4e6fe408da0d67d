//! Coordinates as small integers.

mod grid;
pub(crate) mod int8;

pub(crate) use grid::Grid;
