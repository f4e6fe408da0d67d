!> The program's own threads: OpenMP runs the tasks of a fit, with the bits of a fit on one thread.
module run_by_openmp
  use, intrinsic :: iso_c_binding, only: c_f_pointer, c_f_procpointer, c_funptr, c_int64_t, c_ptr, c_size_t
  use centra, only: centra_task_fn
  implicit none
  private
  public :: run_tasks

contains

  subroutine run_tasks(user, count, task, context) bind(C)
    type(c_ptr), intent(in), value :: user
    integer(c_size_t), intent(in), value :: count
    type(c_funptr), intent(in), value :: task
    type(c_ptr), intent(in), value :: context
    procedure(centra_task_fn), pointer :: run
    integer(c_int64_t), pointer :: calls
    integer(c_size_t) :: i

    call c_f_pointer(user, calls)
    calls = calls + 1
    call c_f_procpointer(task, run)
    !$omp parallel do num_threads(3) schedule(dynamic, 1)
    do i = 0, count - 1
      call run(context, i)
    end do
    !$omp end parallel do
  end subroutine run_tasks
end module run_by_openmp

program callers
  use, intrinsic :: iso_c_binding, only: c_int64_t, c_loc
  use, intrinsic :: iso_fortran_env, only: int32, real64
  use centra
  use checks
  use run_by_openmp, only: run_tasks
  implicit none

  integer, parameter :: d = 5, n = 4000, k = 90
  real(real64) :: points(d, n), alone(d, k), together(d, k)
  integer(int32) :: labels(n), others(n), status
  integer(c_int64_t), target :: calls
  type(kmeans_options) :: options
  type(centra_report) :: report, other

  call real_points(7, points)
  options%max_iter = 5
  call kmeans_fit(points, alone, labels, options=options, report=report)
  calls = 0
  options%threads = 4
  options%parallel => run_tasks
  options%parallel_data = c_loc(calls)
  call kmeans_fit(points, together, others, options=options, report=other, status=status)
  call check('status', status == CENTRA_OK)
  call check('the same centers', same(reshape(alone, [d * k]), reshape(together, [d * k])))
  call check('the same labels', all(labels == others))
  call check('the same inertia', same(report%inertia, other%inertia))
  call check('the tasks were run here', calls > 0)
  call finish('callers')
end program callers
