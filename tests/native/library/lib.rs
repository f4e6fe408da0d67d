//! All of centra; a library of C made of it has the functions of its header.
pub use centra::*;
