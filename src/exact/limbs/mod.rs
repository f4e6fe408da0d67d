//! Limbs: how a term of a sum becomes integers whose sums are exact.
//!
//! Let every term of a dimension satisfy |x| < 2^E and be a multiple of 2^e. With w bits a limb and
//! Q_l = 2^(E - (l+1) w), limb l of x is the multiple of Q_l nearest to what the limbs before it have
//! left over. The first is at most 2^w in magnitude, the others at most 2^(w-1), and ceil((E - e) / w)
//! of them leave nothing (L20).
//!
//! No conversion is needed. Let M = 1.5 * 2^52 * Q. For |x| <= 2^51 Q the sum x + M lies in
//! [2^52 Q, 2^53 Q), where doubles are Q apart, so adding rounds x to a multiple of Q; and as bit
//! patterns there are consecutive, `bits(x + M) - bits(M)` is that multiple in units of Q. `x - ((x + M) - M)` is the exact rest.
//! Without weights the patterns are added as they are, and `members * bits(M)` is subtracted from the sum in the end; two's complement
//! makes overflow on the way harmless.
//!
//! With w = min(50, 62 - ceil(log2 n)) the sum of n limbs stays within 2^62 (L21).
//! (Fixed-point summation after Kulisch 1971; the rounding by a large constant is Dekker's, 1971.)
//!
//! With weights a term is an exact product, which is the sum of two doubles: the rounded product and its rounding error. Both are
//! split into limbs (L24). Weights may differ by many powers of two, and the products have bits below those of any double. So a weight
//! is first multiplied by the power of 2^w that brings it next to the heaviest weight, which is exact, and its terms start that many
//! limbs later (L22). Then all products are far from overflow and underflow.
//!
//! [`size`] says how many limbs there are and what they count, `layout` where they lie, `split` how a row is split into them,
//! `add` and `transfer` which sums change, and `totals` what the sums amount to.

mod add;
mod csr;
mod layout;
#[cfg(test)]
mod lemmas;
pub(crate) mod size;
mod split;
mod totals;
mod transfer;
mod weights;

pub(crate) use add::{accumulate, Terms};
pub(crate) use csr::add_entries;
pub(crate) use layout::{Limbs, TermFormat};
pub(crate) use transfer::{transfer, Moves};
