!> Many calls at once, from OpenMP threads: each gets its own answer, and its own reason when refused.
program concurrent_calls
  use, intrinsic :: iso_fortran_env, only: int32, int64, int8, real64
  use centra
  use checks
  implicit none

  integer, parameter :: d = 3, n = 2000, k = 6, jobs = 24
  real(real64), allocatable :: points(:, :, :)
  real(real64) :: alone(d, k, jobs), together(d, k, jobs), inertia(jobs)
  integer(int32) :: status(jobs)
  character(len=64) :: messages(jobs), expected
  type(centra_report) :: report
  integer :: job

  allocate (points(d, n, jobs))
  do job = 1, jobs
    call real_points(job, points(:, :, job))
    call kmeans_fit(points(:, :, job), alone(:, :, job), report=report)
    inertia(job) = report%inertia
  end do

  !$omp parallel do num_threads(4) schedule(dynamic, 1)
  do job = 1, jobs
    call one_job(points(:, :, job), together(:, :, job), int(mod(job, 3), int32), inertia(job))
    call one_refusal(points(:, :, job), job, status(job), messages(job))
  end do
  !$omp end parallel do

  call check('every job its own centers', same(reshape(alone, [d, k * jobs]), &
      reshape(together, [d, k * jobs])))
  call check('every job its own inertia', all(inertia >= 0))
  do job = 1, jobs
    call check('every job its own status', status(job) == merge(CENTRA_ERR_NONFINITE, &
        CENTRA_ERR_SHAPE, mod(job, 2) == 0))
    if (mod(job, 2) == 0) then
      write (expected, '(a, i0, a)') 'points: NaN at row ', job - 1, ', dimension 1'
    else
      write (expected, '(a, i0, a)') 'labels: ', job, ' elements for 2000 points'
    end if
    call check('every job its own reason', messages(job) == expected)
    if (messages(job) /= expected) print '(3a)', trim(messages(job)), ' instead of ', trim(expected)
  end do
  call finish('concurrent')

contains

  !> Fits on `threads` more threads, in a workspace of its own; `inertia` becomes -1 if it is another.
  subroutine one_job(points, centers, threads, inertia)
    real(real64), intent(in) :: points(:, :)
    real(real64), intent(inout) :: centers(:, :)
    integer(int32), intent(in) :: threads
    real(real64), intent(inout) :: inertia
    type(kmeans_options) :: options
    type(centra_report) :: report
    integer(int8), allocatable :: workspace(:)
    options%threads = threads
    allocate (workspace(kmeans_workspace_size(points, centers, options)))
    call kmeans_fit(points, centers, options=options, report=report, workspace=workspace)
    if (.not. same(report%inertia, inertia)) inertia = -1
  end subroutine one_job

  subroutine one_refusal(points, job, status, message)
    real(real64), intent(in) :: points(:, :)
    integer, intent(in) :: job
    integer(int32), intent(out) :: status
    character(len=*), intent(inout) :: message
    real(real64), allocatable :: broken(:, :)
    real(real64) :: centers(d, k), zero
    integer(int32), allocatable :: labels(:)
    allocate (broken(d, n), labels(merge(n, job, mod(job, 2) == 0)))
    broken = points
    zero = 0
    if (mod(job, 2) == 0) broken(2, job) = zero / zero
    message = ' '
    call kmeans_fit(broken, centers, labels, status=status, message=message)
  end subroutine one_refusal

end program concurrent_calls
