!> Points of single precision and of unsigned bytes: every procedure says what it says of the same numbers as doubles, for rows and
!> columns, whole arrays and sections.
program kinds
  use, intrinsic :: iso_fortran_env, only: int32, int64, int8, real32, real64
  use, intrinsic :: ieee_arithmetic, only: ieee_quiet_nan, ieee_value
  use centra
  use checks
  implicit none

  integer, parameter :: n = 600, d = 5, k = 7
  real(real64) :: points(d, n), numbers(d, n), weights(n)
  integer :: layout, with_weights

  do layout = CENTRA_ROWS, CENTRA_COLUMNS
    do with_weights = 0, 1
      call real_points(3, points)
      numbers = real(real(points, real32), real64)
      call compare(int(layout, int32), with_weights == 1, .false.)
      call integer_points(4, 256, numbers)
      call check('all bytes occur', minval(numbers) <= 0 .and. maxval(numbers) >= 255)
      call compare(int(layout, int32), with_weights == 1, .true.)
    end do
  end do
  call bytes_are_unsigned()
  call refused()
  call finish('kinds')

contains

  !> The bytes of whole numbers from 0 to 255.
  elemental function byte(x) result(b)
    real(real64), intent(in) :: x
    integer(int8) :: b
    b = int(merge(nint(x) - 256, nint(x), x > 127), int8)
  end function byte

  subroutine compare(layout, weighted, bytes)
    integer(int32), intent(in) :: layout
    logical, intent(in) :: weighted, bytes
    real(real64), allocatable :: doubles(:, :)
    real(real32), allocatable :: singles(:, :), wide_singles(:, :)
    integer(int8), allocatable :: small(:, :), wide(:, :)
    real(real64), allocatable :: own(:)
    real(real64) :: one(1, n)
    type(kmeans_options) :: options
    options%layout = layout
    call real_points(5, one)
    weights = one(1, :) + 1.5_real64
    if (weighted) own = weights
    if (layout == CENTRA_ROWS) then
      doubles = numbers
      allocate (wide_singles(d + 2, n), wide(d + 3, n))
    else
      doubles = transpose(numbers)
      allocate (wide_singles(n + 2, d), wide(n + 3, d))
    end if
    singles = real(doubles, real32)
    ! Where a section ends there is what must not be read.
    wide_singles = ieee_value(0.0_real32, ieee_quiet_nan)
    wide_singles(2:size(doubles, 1) + 1, :) = singles
    wide = 99
    call whole(doubles, singles, options, own)
    call whole(doubles, wide_singles(2:size(doubles, 1) + 1, :), options, own)
    call chunks(doubles, singles, options, own)
    if (.not. bytes) return
    small = byte(doubles)
    wide(3:size(doubles, 1) + 2, :) = small
    call whole_bytes(doubles, small, options, own)
    call whole_bytes(doubles, wide(3:size(doubles, 1) + 2, :), options, own)
    call chunks_of_bytes(doubles, small, options, own)
  end subroutine compare

  subroutine whole(doubles, narrow, options, own)
    real(real64), intent(in) :: doubles(:, :)
    real(real32), intent(in) :: narrow(:, :)
    type(kmeans_options), intent(in) :: options
    real(real64), intent(in), optional :: own(:)
    character(len=*), parameter :: what = 'singles'
    include 'kinds_whole.inc'
  end subroutine whole

  subroutine whole_bytes(doubles, narrow, options, own)
    real(real64), intent(in) :: doubles(:, :)
    integer(int8), intent(in) :: narrow(:, :)
    type(kmeans_options), intent(in) :: options
    real(real64), intent(in), optional :: own(:)
    character(len=*), parameter :: what = 'bytes'
    include 'kinds_whole.inc'
  end subroutine whole_bytes

  !> A chunk gives a stream the same, call by call.
  subroutine chunks(doubles, narrow, options, own)
    real(real64), intent(in) :: doubles(:, :)
    real(real32), intent(in) :: narrow(:, :)
    type(kmeans_options), intent(in) :: options
    real(real64), intent(in), optional :: own(:)
    character(len=*), parameter :: what = 'singles'
    include 'kinds_chunks.inc'
  end subroutine chunks

  subroutine chunks_of_bytes(doubles, narrow, options, own)
    real(real64), intent(in) :: doubles(:, :)
    integer(int8), intent(in) :: narrow(:, :)
    type(kmeans_options), intent(in) :: options
    real(real64), intent(in), optional :: own(:)
    character(len=*), parameter :: what = 'bytes'
    include 'kinds_chunks.inc'
  end subroutine chunks_of_bytes

  subroutine bytes_are_unsigned()
    integer(int8) :: small(1, 4)
    real(real64) :: distances(4, 4), centers(1, 4)
    integer :: p
    centers(1, :) = [0.0_real64, 127.0_real64, 128.0_real64, 255.0_real64]
    small = byte(centers)
    call check('two are negative', all(small(1, :2) >= 0) .and. small(1, 3) < -127 .and. small(1, 4) == -1)
    call kmeans_distances(small, centers, distances)
    do p = 1, 4
      call check('bytes are unsigned', same(distances(p, p), 0.0_real64))
    end do
    call check('bytes are from 0 to 255', same(distances(1, 4), 255.0_real64**2))
  end subroutine bytes_are_unsigned

  !> What no leading dimension expresses, and what is not a number; nothing is written.
  subroutine refused()
    real(real32) :: singles(2 * d, n)
    integer(int8) :: small(2 * d, n)
    real(real64) :: centers(d, k), before(d, k)
    integer(int32) :: labels(n), status
    character(len=200) :: message
    singles = 1
    small = 1
    centers = 1
    before = centers
    labels = -7
    call kmeans_assign(singles(::2, :), centers, labels, status=status, message=message)
    call check('singles with gaps', status == CENTRA_ERR_SHAPE .and. index(message, 'points: the elements of a column') == 1)
    call kmeans_fit(small(::2, :), centers, labels, status=status, message=message)
    call check('bytes with gaps', status == CENTRA_ERR_SHAPE .and. index(message, 'points: the elements of a column') == 1)
    call kmeans_fit(small(:d, n:1:-1), centers, labels, status=status, message=message)
    call check('bytes backwards', status == CENTRA_ERR_SHAPE .and. index(message, 'points: the columns run backwards') == 1)
    singles(2, 8) = ieee_value(0.0_real32, ieee_quiet_nan)
    call kmeans_fit(singles(:d, :), centers, labels, status=status, message=message)
    call check('a NaN of single precision', status == CENTRA_ERR_NONFINITE .and. message == 'points: NaN at row 7, dimension 1')
    call check('nothing is written', all(labels == -7) .and. same(centers, before))
    ! Every other point, and none.
    call kmeans_assign(small(:d, ::2), centers, labels(::2), status=status, message=message)
    call check('labels with gaps', status == CENTRA_ERR_SHAPE .and. index(message, 'labels') == 1)
    call kmeans_assign(small(:d, ::2), centers, labels(:n / 2))
    call check('every other point of bytes', all(labels(:n / 2) == 1) .and. all(labels(n / 2 + 1:) == -7))
    call kmeans_assign(small(:d, :0), centers, labels(:0), status=status)
    call check('no points of bytes', status == CENTRA_OK)
  end subroutine refused

end program kinds
