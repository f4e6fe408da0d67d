!> centra from Fortran: five thousand points in the plane, then the flowers of Iris.
!>
!>     demo [iris.csv]
program demo
  use, intrinsic :: iso_fortran_env, only: error_unit, int32, int64, real64
  use centra
  implicit none
  character(len=1024) :: path

  print '(4a)', 'centra ', kmeans_version(), ', instruction set ', kmeans_isa()
  call blobs()
  if (command_argument_count() > 0) then
    call get_command_argument(1, path)
    call iris(trim(path))
  end if

contains

  !> The next number of the minimal standard generator (Park and Miller's, with multiplier 48271):
  !> state = 48271 state mod (2**31 - 1). Integers alone, so every compiler draws the same points.
  integer(int64) function draw(state, below)
    integer(int64), intent(inout) :: state
    integer(int64), intent(in) :: below    !< from 0 to below - 1
    state = mod(48271_int64 * state, 2147483647_int64)
    draw = state * below / 2147483647_int64
  end function draw

  !> 5,000 points around ten places. The fit starts from the last ten points, several of which share a
  !> blob while other blobs have none, so it has a way to go.
  subroutine blobs()
    integer, parameter :: n = 5000, d = 2, k = 10
    real(real64), allocatable :: points(:, :)
    integer(int32), allocatable :: labels(:)
    real(real64) :: centers(d, k), places(d, k)
    type(kmeans_options) :: options
    type(centra_report) :: report
    integer(int64) :: state, sum_of_four
    integer :: i, j, p, blob

    allocate (points(d, n), labels(n))
    state = 1
    do j = 1, k
      do i = 1, d
        places(i, j) = real(draw(state, 1000_int64), real64)
      end do
    end do
    do p = 1, n
      blob = int(draw(state, int(k, int64))) + 1
      do i = 1, d
        ! The sum of four dice with faces from 0 to 63 is nearly normal: mean 126, deviation 37.
        sum_of_four = draw(state, 64_int64) + draw(state, 64_int64) + draw(state, 64_int64) &
            + draw(state, 64_int64)
        points(i, p) = places(i, blob) + real(sum_of_four - 126, real64)
      end do
    end do

    options%init = CENTRA_INIT_GIVEN
    centers = points(:, n - k + 1:)
    call kmeans_fit(points, centers, labels, options, report=report)

    print '(/, a, i0, a, i0, a, i0, a)', 'blobs: ', n, ' points in ', d, ' dimensions, ', k, ' clusters'
    print '(a)', '  label           x           y  points'
    do j = 1, k
      print '(i7, 2f12.4, i8)', j, centers(:, j), count(labels == j)
    end do
    call show(report)
  end subroutine blobs

  !> 150 flowers, four lengths each, in three clusters: from k-means++, the best of twenty restarts.
  subroutine iris(path)
    character(len=*), intent(in) :: path
    integer, parameter :: n = 150, d = 4, k = 3
    real(real64) :: points(d, n), centers(d, k)
    integer(int32) :: labels(n), status
    type(kmeans_options) :: options
    type(centra_report) :: report
    character(len=200) :: message
    integer :: unit, p, j, stat

    open (newunit=unit, file=path, status='old', action='read', iostat=stat, iomsg=message)
    if (stat == 0) read (unit, '(a)', iostat=stat, iomsg=message)      ! the header
    do p = 1, n
      if (stat == 0) read (unit, *, iostat=stat, iomsg=message) points(:, p)
    end do
    if (stat /= 0) then
      write (error_unit, '(3a)') path, ': ', trim(message)
      error stop 1
    end if
    close (unit)

    options%n_init = 20
    ! With `status` a refusal is ours to handle; without it, the program stops and says why.
    call kmeans_fit(points, centers, labels, options, report=report, status=status, message=message)
    if (status < CENTRA_OK) then
      write (error_unit, '(2a)') 'iris: ', trim(message)
      error stop 1
    end if

    print '(/, a, i0, a, i0, a, i0, a)', 'iris: ', n, ' flowers, ', d, ' lengths, ', k, ' clusters'
    print '(a)', '  label                                       center  flowers'
    do j = 1, k
      print '(i7, 4f11.4, i8)', j, centers(:, j), count(labels == j)
    end do
    call show(report)
  end subroutine iris

  subroutine show(report)
    type(centra_report), intent(in) :: report
    character(len=*), parameter :: reasons(0:3) = [character(len=36) :: 'no label changed', &
        'the centers moved less than tol', 'max_iter', 'the progress procedure stopped it']
    print '(a, g0.12)', '  inertia    ', report%inertia
    print '(a, i0, 3a)', '  iterations ', report%iterations, ' (', &
        trim(reasons(report%stopped_by)), ')'
    print '(4(a, f8.6))', '  seconds    scan ', report%seconds_scan, ', seed ', report%seconds_seed, &
        ', assign ', report%seconds_assign, ', update ', report%seconds_update
  end subroutine show

end program demo
