!> The same bits under whatever floating-point environment the program runs in, which comes back as it
!> was: Fortran programs are often built to trap, or to flush subnormal numbers to zero.
program environment
  use, intrinsic :: ieee_arithmetic, only: ieee_down, ieee_get_rounding_mode, &
      ieee_get_underflow_mode, ieee_nearest, ieee_quiet_nan, ieee_round_type, &
      ieee_set_rounding_mode, ieee_set_underflow_mode, ieee_signaling_nan, &
      ieee_support_underflow_control, ieee_to_zero, ieee_up, ieee_value, operator(==)
  use, intrinsic :: ieee_exceptions, only: ieee_all, ieee_get_flag, ieee_get_halting_mode, &
      ieee_inexact, ieee_set_flag, ieee_set_halting_mode, ieee_support_halting
  use, intrinsic :: iso_fortran_env, only: int32, int64, real64
  use centra
  use checks
  implicit none

  integer, parameter :: d = 3, n = 12000, k = 9
  real(real64), allocatable :: points(:, :)
  real(real64) :: expected(d, k), expected_inertia, tiny_expected
  integer(int32), allocatable :: expected_labels(:)
  real(real64) :: small(1, 4), small_start(1, 2)
  type(kmeans_options) :: options
  type(centra_report) :: report
  integer(int32) :: threads

  allocate (points(d, n), expected_labels(n))
  call real_points(91, points)
  points = points / 3
  options%seed = 4
  options%max_iter = 300
  call kmeans_fit(points, expected, expected_labels, options, report=report)
  expected_inertia = report%inertia
  ! Subnormal coordinates: their differences are what flushing to zero would lose. The distances
  ! vanish either way, the means do not.
  small(1, :) = tiny(1.0_real64) / 4 * [1.0_real64, 2.0_real64, 2.5_real64, 1.5_real64]
  small_start = 0
  call subnormal_mean(tiny_expected)
  call check('a subnormal mean', tiny_expected > 0 .and. tiny_expected < tiny(1.0_real64))

  do threads = 1, 2
    options%threads = threads
    call rounding(ieee_up)
    call rounding(ieee_down)
    call rounding(ieee_to_zero)
    call flushing()
    call halting()
    call flags()
  end do
  call finish('environment')

contains

  subroutine subnormal_mean(mean)
    real(real64), intent(out) :: mean
    real(real64) :: center(1, 1)
    integer(int32) :: labels(4)
    labels = 1
    center = 0
    call kmeans_update(small, labels, center, options=options)
    mean = center(1, 1)
  end subroutine subnormal_mean

  subroutine compare(what)
    character(len=*), intent(in) :: what
    real(real64) :: centers(d, k)
    integer(int32), allocatable :: labels(:)
    real(real64) :: inertia
    type(centra_report) :: again
    allocate (labels(n))
    call kmeans_fit(points, centers, labels, options, report=again)
    call check(what // ': centers', same(centers, expected))
    call check(what // ': labels', same(labels, expected_labels))
    call check(what // ': inertia', same(again%inertia, expected_inertia))
    call kmeans_inertia(points, centers, labels, inertia, options)
    call check(what // ': inertia again', same(inertia, expected_inertia))
  end subroutine compare

  subroutine rounding(mode)
    type(ieee_round_type), intent(in) :: mode
    type(ieee_round_type) :: after
    call ieee_set_rounding_mode(mode)
    call compare('rounding')
    call ieee_get_rounding_mode(after)
    call ieee_set_rounding_mode(ieee_nearest)
    call check('rounding mode is back', after == mode)
  end subroutine rounding

  subroutine flushing()
    logical :: gradual
    real(real64) :: mean
    if (.not. ieee_support_underflow_control(1.0_real64)) return
    call ieee_set_underflow_mode(gradual=.false.)
    call compare('flush to zero')
    call subnormal_mean(mean)
    call ieee_get_underflow_mode(gradual)
    call ieee_set_underflow_mode(gradual=.true.)
    call check('flush to zero is back', .not. gradual)
    call check('subnormal mean under flush to zero', same(mean, tiny_expected))
  end subroutine flushing

  subroutine halting()
    logical :: on(size(ieee_all)), inexact
    integer :: i
    do i = 1, size(ieee_all)
      if (.not. ieee_support_halting(ieee_all(i))) return
    end do
    call ieee_set_flag(ieee_all, .false.)
    call ieee_set_halting_mode(ieee_all, .true.)
    ! After this every rounded operation of ours would stop the program: only the call, then back.
    call compare_halting(on, inexact)
    call ieee_set_flag(ieee_all, .false.)
    call check('halting modes are back', all(on) .and. inexact)
  end subroutine halting

  subroutine compare_halting(on, inexact)
    logical, intent(out) :: on(:), inexact
    real(real64) :: centers(d, k), seeds(d, k), parts(d, k), inertia, nan
    integer(int32), allocatable :: labels(:)
    real(real64), allocatable :: broken(:, :), weights(:), far(:)
    integer(int64) :: counts(k), bytes
    integer(int32) :: status(6)
    type(kmeans_options) :: strange
    type(centra_report) :: again
    allocate (labels(n), broken(d, n), weights(n), far(n))
    nan = ieee_value(nan, ieee_signaling_nan)
    broken = points
    broken(1, n) = nan
    weights = 1
    weights(n) = nan
    strange = options
    strange%tol = ieee_value(nan, ieee_quiet_nan)
    call ieee_set_halting_mode(ieee_inexact, .true.)
    call kmeans_fit(points, centers, labels, options, report=again)
    bytes = kmeans_workspace_size(points, centers, options)
    call kmeans_seed(points, seeds, options)
    parts = centers
    call kmeans_assign(points, parts, labels, far, options)
    call kmeans_update(points, labels, parts, counts, options)
    call kmeans_inertia(points, centers, labels, inertia, options)
    ! Comparing with a NaN is what a refusal is about, and what a trap waits for.
    call kmeans_fit(broken, seeds, options=options, status=status(1))
    call kmeans_fit(points, seeds, options=options, weights=weights, status=status(2))
    call kmeans_fit(points, seeds, options=strange, status=status(3))
    call kmeans_assign(broken, seeds, labels, options=options, status=status(4))
    call kmeans_assign(points, broken(:, n - 3:), labels, options=options, status=status(5))
    bytes = min(bytes, 1 + kmeans_workspace_size(points, centers, strange, status=status(6)))
    call ieee_get_halting_mode(ieee_all, on)
    call ieee_get_halting_mode(ieee_inexact, inexact)
    call ieee_set_halting_mode(ieee_inexact, .false.)
    call ieee_set_halting_mode(ieee_all, .false.)
    call check('halting: centers', same(centers, expected))
    call check('halting: labels', same(labels, expected_labels))
    call check('halting: inertia', same(again%inertia, expected_inertia))
    call check('halting: inertia again', same(inertia, expected_inertia))
    call check('halting: means of the last labels', same(parts, centers) .and. sum(counts) == n)
    call check('halting: workspace size', bytes == 1)
    call check('halting: refusals', all(status == [CENTRA_ERR_NONFINITE, CENTRA_ERR_NONFINITE, &
        CENTRA_ERR_OPTION, CENTRA_ERR_NONFINITE, CENTRA_ERR_NONFINITE, CENTRA_ERR_OPTION]))
  end subroutine compare_halting

  !> A flag that was down stays down: the library rounds, its caller did not.
  subroutine flags()
    logical :: raised(size(ieee_all)), inexact
    real(real64) :: centers(d, k)
    integer(int32), allocatable :: labels(:)
    allocate (labels(n))
    call ieee_set_flag(ieee_all, .false.)
    call ieee_set_flag(ieee_inexact, .false.)
    call kmeans_fit(points, centers, labels, options)
    call ieee_get_flag(ieee_all, raised)
    call ieee_get_flag(ieee_inexact, inexact)
    call check('exception flags are back', .not. any(raised) .and. .not. inexact)
  end subroutine flags

end program environment
