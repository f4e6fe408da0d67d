!> Sparse rows: every procedure says of them what it says of the same numbers in an array, for values of all kinds and indices of both.
program rows
  use, intrinsic :: iso_fortran_env, only: int32, int64, int8, real32, real64
  use centra
  use checks
  implicit none

  integer, parameter :: n = 300, d = 11, k = 6
  real(real64) :: points(d, n)
  real(real64), allocatable, target :: values(:)
  real(real32), allocatable, target :: singles(:)
  integer(int8), allocatable, target :: bytes(:)
  integer(int32), allocatable :: columns(:), starts(:)
  integer :: layout, with_weights

  call make_points()
  do layout = CENTRA_ROWS, CENTRA_COLUMNS
    do with_weights = 0, 1
      call compare('doubles', kmeans_rows(values, columns, starts, d))
      call compare('doubles, 64 bits', kmeans_rows(values, int(columns, int64), int(starts, int64), d))
      call compare('singles', kmeans_rows(singles, columns, starts, d))
      call compare('singles, 64 bits', kmeans_rows(singles, int(columns, int64), int(starts, int64), d))
      call compare('bytes', kmeans_rows(bytes, columns, starts, d))
      call compare('bytes, 64 bits', kmeans_rows(bytes, int(columns, int64), int(starts, int64), d))
    end do
  end do
  call labels_of_64_bits()
  call copies_are_rows()
  call no_points()
  call refused()
  call finish('rows')

contains

  !> Whole numbers from 0 to 255, most of them 0; a point of zeros, and a dimension.
  subroutine make_points()
    integer :: p, i, e
    call integer_points(4, 256, points)
    points = modulo(points, 256.0_real64)
    where (modulo(points, 3.0_real64) > 0) points = 0
    points(:, 7) = 0
    points(4, :) = 0
    allocate (values(count(points > 0)), columns(count(points > 0)), starts(n + 1))
    e = 0
    do p = 1, n
      starts(p) = e + 1
      do i = 1, d
        if (.not. points(i, p) > 0) cycle
        e = e + 1
        values(e) = points(i, p)
        columns(e) = i
      end do
    end do
    starts(n + 1) = e + 1
    singles = real(values, real32)
    bytes = int(merge(nint(values) - 256, nint(values), values > 127), int8)
    call check('some are stored', e > n .and. e < n * d / 2)
  end subroutine make_points

  subroutine compare(what, narrow)
    character(len=*), intent(in) :: what
    type(kmeans_rows), intent(in) :: narrow
    type(kmeans_options) :: options
    real(real64), allocatable :: own(:)
    integer :: p
    options%layout = int(layout, int32)
    if (with_weights == 1) own = [(1 + modulo(p, 5) / 4.0_real64, p = 1, n)]
    if (layout == CENTRA_ROWS) then
      call whole(what, points, narrow, options, own)
    else
      call whole(what // ', columns', transpose(points), narrow, options, own)
    end if
  end subroutine compare

  subroutine whole(what, doubles, narrow, options, own)
    character(len=*), intent(in) :: what
    real(real64), intent(in) :: doubles(:, :)
    type(kmeans_rows), intent(in) :: narrow
    type(kmeans_options), intent(in) :: options
    real(real64), intent(in), optional :: own(:)
    include 'kinds_whole.inc'
  end subroutine whole

  subroutine labels_of_64_bits()
    type(kmeans_rows) :: sparse
    real(real64) :: a(d, k), b(d, k), sums(k), inertia_a, inertia_b
    integer(int32) :: labels(n)
    integer(int64) :: wide(n), counts_a(k), counts_b(k)
    sparse = kmeans_rows(values, columns, starts, d)
    call kmeans_fit(points, a, labels)
    call kmeans_fit(sparse, b, wide)
    call check('fit, wide labels', same(a, b) .and. all(wide == labels))
    wide = 0
    call kmeans_assign(sparse, b, wide)
    call check('assign, wide labels', all(wide == labels))
    call kmeans_inertia(points, a, labels, inertia_a)
    call kmeans_inertia(sparse, b, wide, inertia_b)
    call check('inertia, wide labels', same(inertia_a, inertia_b))
    call kmeans_clusters(points, a, labels, counts_a)
    call kmeans_clusters(sparse, b, wide, counts_b, sums)
    call check('clusters, wide labels', same(counts_a, counts_b) .and. same(sums, real(counts_a, real64)))
    call kmeans_update(points, labels, a)
    call kmeans_update(sparse, wide, b)
    call check('update, wide labels', same(a, b))
  end subroutine labels_of_64_bits

  !> A copy of rows is rows, also when what it was copied from is no more.
  subroutine copies_are_rows()
    type(kmeans_rows) :: copy
    real(real64) :: a(d, k), b(d, k)
    block
      type(kmeans_rows) :: first
      first = kmeans_rows(values, columns, starts, d)
      copy = first
      first = kmeans_rows(values, columns(:0), starts(:1), d)
    end block
    call kmeans_seed(points, a)
    call kmeans_seed(copy, b)
    call check('a copy', same(a, b))
  end subroutine copies_are_rows

  subroutine no_points()
    type(kmeans_rows) :: none
    real(real64), target :: nothing(0)
    real(real64) :: centers(d, k), inertia
    integer(int32) :: labels(0)
    none = kmeans_rows(nothing, columns(:0), [1_int32], d)
    centers = 1
    inertia = -1
    call kmeans_inertia(none, centers, labels, inertia)
    call check('no points', same(inertia, 0.0_real64))
    none = kmeans_rows(nothing, columns(:0), [1_int32, 1_int32, 1_int32], d)
    call kmeans_inertia(none, centers, [1_int32, 2_int32], inertia)
    call check('points of zeros', same(inertia, 2.0_real64 * d))
  end subroutine no_points

  subroutine refused()
    type(kmeans_rows) :: unset
    integer(int32), allocatable :: wrong(:)
    real(real64), allocatable, target :: apart(:)
    call refuses(unset, 'points: no rows; kmeans_rows(values, columns, starts, d) makes them')
    call refuses(kmeans_rows(values, columns, starts(:0), d), 'starts: no elements, where there is one more than points')
    call refuses(kmeans_rows(values, columns - 1, starts - 1, d), 'starts: the first is 0, and not 1')
    call refuses(kmeans_rows(values(2:), columns, starts, d), 'values: ' // number(size(values) - 1) // &
        ' elements, and starts end with ' // number(size(values) + 1))
    call refuses(kmeans_rows(values, columns(2:), starts, d), 'columns: ' // number(size(values) - 1) // &
        ' elements, and starts end with ' // number(size(values) + 1))
    allocate (apart(2 * size(values)))
    apart = 1
    call refuses(kmeans_rows(apart(::2), columns, starts, d), 'values: not contiguous, and a copy would be hidden work')
    call refuses(kmeans_rows(values, columns, starts, 0), 'centers: 11 coordinates each, but a point has 0')
    ! What the library refuses counts from 0, as its other reasons do.
    wrong = columns
    wrong(1) = 0
    call refuses(kmeans_rows(values, wrong, starts, d), 'columns: -1 at row 0, entry 0 is not one of 0 to 10')
    wrong(1) = -huge(0_int32)
    call refuses(kmeans_rows(values, wrong, starts, d), 'columns: -1 at row 0, entry 0 is not one of 0 to 10')
    wrong(1) = d + 1
    call refuses(kmeans_rows(values, wrong, starts, d), 'columns: 11 at row 0, entry 0 is not one of 0 to 10')
    wrong = starts
    wrong(5) = 1
    call refuses(kmeans_rows(values, columns, wrong, d), 'they must not descend')
    call refuses(kmeans_rows(values, columns, starts, d + 1), 'centers: 11 coordinates each, but a point has 12')
  end subroutine refused

  !> Refused by every procedure, which writes nothing.
  subroutine refuses(sparse, reason)
    type(kmeans_rows), intent(in) :: sparse
    character(len=*), intent(in) :: reason
    real(real64) :: centers(d, k), table(k, n), inertia
    integer(int32) :: labels(n)
    integer(int64) :: bytes, counts(k)
    integer :: stat
    character(len=200) :: errmsg
    centers = points(:, :k)
    labels = 2
    counts = -7
    table = -7
    inertia = -7
    call kmeans_fit(sparse, centers, labels, stat=stat, errmsg=errmsg)
    call told('fit', reason, stat, errmsg)
    call kmeans_assign(sparse, centers, labels, stat=stat, errmsg=errmsg)
    call told('assign', reason, stat, errmsg)
    call kmeans_update(sparse, labels, centers, counts, stat=stat, errmsg=errmsg)
    call told('update', reason, stat, errmsg)
    call kmeans_seed(sparse, centers, stat=stat, errmsg=errmsg)
    call told('seed', reason, stat, errmsg)
    call kmeans_inertia(sparse, centers, labels, inertia, stat=stat, errmsg=errmsg)
    call told('inertia', reason, stat, errmsg)
    call kmeans_distances(sparse, centers, table, stat=stat, errmsg=errmsg)
    call told('distances', reason, stat, errmsg)
    call kmeans_clusters(sparse, centers, labels, counts, stat=stat, errmsg=errmsg)
    call told('clusters', reason, stat, errmsg)
    call check(reason // ': outputs', same(centers, points(:, :k)) .and. all(labels == 2) .and. all(counts == -7) &
        .and. all(abs(table + 7) <= 0) .and. same(inertia, -7.0_real64))
    if (index(reason, 'row') > 0 .or. index(reason, 'descend') > 0) return
    bytes = kmeans_workspace_size(sparse, centers, stat=stat, errmsg=errmsg)
    call told('workspace_size', reason, stat, errmsg)
    call check(reason // ': bytes', bytes == 0)
  end subroutine refuses

  subroutine told(by, reason, stat, errmsg)
    character(len=*), intent(in) :: by, reason
    integer, intent(inout) :: stat
    character(len=*), intent(inout) :: errmsg
    call check(by // ', ' // reason // ': ' // trim(errmsg), stat == CENTRA_ERR_SHAPE .and. index(errmsg, reason) > 0)
    stat = 0
    errmsg = ' '
  end subroutine told

  function number(of) result(text)
    integer, intent(in) :: of
    character(len=:), allocatable :: text
    character(len=20) :: written
    write (written, '(i0)') of
    text = trim(written)
  end function number
end program rows
