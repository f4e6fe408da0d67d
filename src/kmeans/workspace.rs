//! Memory that calls share.

use core::fmt;

use crate::runtime::error::Error;
use crate::runtime::workspace::{Owned, Workspace as Lent};

/// Memory that calls work in, which one call after the other can use.
///
/// Memory of its own grows to the size that the largest call needs, and is kept. Borrowed memory does not grow: a call that needs
/// more is refused with [`Status::Workspace`](crate::Status::Workspace). With one thread, and memory of the size that
/// [`KMeans::workspace_size`](crate::KMeans::workspace_size) returns, the calls that end in `_into` allocate nothing.
///
/// ```
/// use centra::{KMeans, Points, Workspace};
///
/// let kmeans = KMeans::new(2);
/// let mut workspace = Workspace::with_bytes(kmeans.workspace_size(4, 1)?)?;
/// let (mut centers, mut labels) = ([0.0; 2], [0; 4]);
/// for data in [[0.0, 1.0, 5.0, 6.0], [2.0, 2.0, 4.0, 4.0]] {
///     let points = Points::rows(&data, 4, 1)?;
///     let report = kmeans.fit_into(&points, &mut centers, Some(&mut labels), &mut workspace)?;
///     assert!(report.workspace_bytes <= workspace.bytes());
/// }
/// # Ok::<(), centra::Error>(())
/// ```
#[must_use]
pub struct Workspace<'w>(Memory<'w>);

enum Memory<'w> {
    Own(Option<Owned>),
    Borrowed(&'w mut [u8]),
}

impl Workspace<'static> {
    /// A workspace without memory; calls allocate what they need.
    ///
    /// ```
    /// let workspace = centra::Workspace::new();
    /// assert_eq!(workspace.bytes(), 0);
    /// ```
    pub const fn new() -> Self {
        Workspace(Memory::Own(None))
    }

    /// A workspace of this many bytes, allocated now. Refused with [`Status::Memory`](crate::Status::Memory) if the allocation fails.
    ///
    /// ```
    /// let workspace = centra::Workspace::with_bytes(1 << 16)?;
    /// assert_eq!(workspace.bytes(), 1 << 16);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn with_bytes(bytes: usize) -> Result<Self, Error> {
        Ok(Workspace(Memory::Own(Some(Owned::new(bytes)?))))
    }
}

impl<'w> Workspace<'w> {
    /// A workspace in the caller's memory, whatever it contains. Calls refuse it unless it is aligned to 16 bytes.
    ///
    /// ```
    /// use centra::{KMeans, Points, Workspace};
    ///
    /// #[repr(align(16))]
    /// struct Bytes([u8; 1 << 16]);
    ///
    /// let mut bytes = Bytes([0; 1 << 16]);
    /// let mut workspace = Workspace::borrowed(&mut bytes.0);
    /// let points = Points::rows(&[0.0, 4.0, 5.0, 9.0], 4, 1)?;
    /// let mut labels = [0; 4];
    /// KMeans::new(2).assign_into(&points, &[1.0, 9.0], &mut labels, None, &mut workspace)?;
    /// assert_eq!(labels, [0, 0, 0, 1]);
    /// # Ok::<(), centra::Error>(())
    /// ```
    pub fn borrowed(bytes: &'w mut [u8]) -> Self {
        Workspace(Memory::Borrowed(bytes))
    }

    /// The size in bytes.
    ///
    /// ```
    /// use centra::{KMeans, Points, Workspace};
    ///
    /// let mut workspace = Workspace::new();
    /// let points = Points::rows(&[0.0, 4.0, 5.0, 9.0], 4, 1)?;
    /// KMeans::new(2).seed_centers_into(&points, &mut [0.0; 2], &mut workspace)?;
    /// assert!(workspace.bytes() > 0);
    /// # Ok::<(), centra::Error>(())
    /// ```
    #[must_use]
    pub fn bytes(&self) -> usize {
        match &self.0 {
            Memory::Own(own) => own.as_ref().map_or(0, Owned::bytes),
            Memory::Borrowed(bytes) => bytes.len(),
        }
    }

    /// The memory for one call.
    pub(super) fn lend(&mut self) -> Result<Lent<'_>, Error> {
        match &mut self.0 {
            Memory::Own(own) => Ok(Lent::Growing(own)),
            Memory::Borrowed(bytes) => Lent::borrowed(bytes),
        }
    }
}

/// [`Workspace::new`].
impl Default for Workspace<'_> {
    fn default() -> Self {
        Workspace(Memory::Own(None))
    }
}

impl fmt::Debug for Workspace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Workspace");
        shown.field("bytes", &self.bytes()).finish()
    }
}
