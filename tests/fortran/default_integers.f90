!> Default integers for labels and `stat`, whatever size a flag of the compiler gives them, and labels of 64 bits: every procedure says
!> what it says with labels of 32 bits, for points of each kind. This program is compiled with and without such a flag.
program default_integers
  use, intrinsic :: iso_fortran_env, only: int32, int64, int8, real32, real64
  use, intrinsic :: ieee_arithmetic, only: ieee_quiet_nan, ieee_value
  use centra
  use checks
  implicit none

  integer, parameter :: n = 500, d = 3, k = 6
  real(real64) :: doubles(d, n)
  real(real32) :: singles(d, n)
  integer(int8) :: bytes(d, n)

  call integer_points(9, 128, doubles)
  singles = real(doubles, real32)
  bytes = int(doubles, int8)
  call of_doubles(doubles)
  call of_singles(singles)
  call of_bytes(bytes)
  call defaults()
  call refused()
  call finish('default_integers')

contains

  subroutine of_doubles(points)
    real(real64), intent(in) :: points(:, :)
    character(len=*), parameter :: what = 'doubles'
    include 'default_integers.inc'
  end subroutine of_doubles

  subroutine of_singles(points)
    real(real32), intent(in) :: points(:, :)
    character(len=*), parameter :: what = 'singles'
    include 'default_integers.inc'
  end subroutine of_singles

  subroutine of_bytes(points)
    integer(int8), intent(in) :: points(:, :)
    character(len=*), parameter :: what = 'bytes'
    include 'default_integers.inc'
  end subroutine of_bytes

  !> A program that names no kind of an integer.
  subroutine defaults()
    integer :: labels(n), stat
    integer(int32) :: narrow(n)
    real(real64) :: centers(d, k), inertia
    character(len=100) :: errmsg
    type(kmeans_options) :: options
    options%n_init = 3
    errmsg = 'as it was'
    stat = 7
    call kmeans_fit(doubles, centers, labels, options, stat=stat, errmsg=errmsg)
    call check('stat of a fit', stat == 0 .and. errmsg == 'as it was')
    call kmeans_fit(doubles, centers, narrow, options)
    call check('default labels', all(labels == narrow))
    call kmeans_inertia(doubles, centers, labels, inertia, stat=stat)
    labels = 0
    call kmeans_assign(doubles, centers, labels, stat=stat)
    call check('default labels of assign', stat == 0 .and. all(labels == narrow))
  end subroutine defaults

  !> A refusal is told in each of the ways that are asked for, and writes nothing.
  subroutine refused()
    real(real64) :: points(d, n), centers(d, k), before(d, k), inertia
    integer(int64) :: labels(n), sums(1), needed
    integer(int32) :: range(3 * (d + 1)), status
    integer :: stat
    character(len=100) :: errmsg, message
    points = doubles
    points(2, 8) = ieee_value(0.0_real64, ieee_quiet_nan)
    centers = 1
    before = centers
    labels = -5000000000_int64
    call kmeans_fit(points, centers, labels, stat=stat, errmsg=errmsg)
    call check('stat of a NaN', stat == CENTRA_ERR_NONFINITE .and. errmsg == 'points: NaN at row 7, dimension 1')
    call check('nothing is written', all(labels == -5000000000_int64) .and. same(centers, before))
    call kmeans_fit(points, centers, labels, status=status, message=message, stat=stat, errmsg=errmsg)
    call check('both', stat == status .and. stat == CENTRA_ERR_NONFINITE .and. errmsg == message)
    errmsg = ' '
    call kmeans_assign(doubles, centers, labels(2:), stat=stat, errmsg=errmsg)
    call check('wide labels too few', stat == CENTRA_ERR_SHAPE .and. errmsg == 'labels: 499 elements for 500 points')
    ! What 32 bits do not hold is not wrapped around into a label.
    labels = 1
    labels(4) = 2_int64**32 + 1
    inertia = 7
    call kmeans_inertia(doubles, centers, labels, inertia, stat=stat, errmsg=errmsg)
    call check('a label too large', stat == CENTRA_ERR_LABEL .and. index(errmsg, 'index 3') > 0 .and. same(inertia, 7.0_real64))
    labels(4) = 1 - 2_int64**32
    call kmeans_update(doubles, labels, centers, stat=stat, errmsg=errmsg)
    call check('a label too small', stat == CENTRA_ERR_LABEL .and. same(centers, before))
    ! Procedures without labels, too, functions among them.
    call kmeans_seed(points, centers, stat=stat)
    call check('stat of a seeding', stat == CENTRA_ERR_NONFINITE)
    needed = kmeans_workspace_size(1_int64, 0_int64, 1_int64, stat=stat)
    call check('stat of a size', needed == 0 .and. stat == CENTRA_ERR_SHAPE)
    range = 0
    call kmeans_stream_range(points, range, stat=stat)
    call check('stat of a range', stat == CENTRA_ERR_NONFINITE .and. all(range == 0))
    sums = 0
    call kmeans_stream_sums(doubles, centers, int(n, int64), range(2:), sums, stat=stat)
    call check('stat of sums', stat == CENTRA_ERR_SHAPE)
    ! No points: no labels, and no copy.
    call kmeans_assign(doubles(:, :0), centers, labels(:0), stat=stat)
    call check('no wide labels', stat == CENTRA_OK)
  end subroutine refused

end program default_integers
