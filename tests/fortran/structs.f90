!> The derived types are the C structures, and the defaults are the library's.
module watching
  use, intrinsic :: iso_c_binding, only: c_f_pointer, c_int32_t, c_ptr, c_size_t
  use centra, only: centra_progress
  implicit none
contains
  function note_size(progress, user) result(stop_now) bind(C)
    type(centra_progress), intent(in) :: progress
    type(c_ptr), intent(in), value :: user
    integer(c_int32_t) :: stop_now
    integer(c_size_t), pointer :: struct_size
    call c_f_pointer(user, struct_size)
    struct_size = progress%struct_size
    stop_now = 0
  end function note_size
end module watching

program structs
  use, intrinsic :: iso_c_binding, only: c_associated, c_funptr, c_loc, c_null_ptr, c_ptr, c_size_t, &
      c_sizeof
  use, intrinsic :: iso_fortran_env, only: int32, real64
  use centra
  use checks
  use watching, only: note_size
  implicit none
  type(centra_options) :: options
  type(centra_report) :: report
  type(centra_progress) :: progress
  type(kmeans_options) :: defaults, watched
  type(centra_watch), target :: watch
  real(real64), target :: points(2, 16), centers(2, 2), apart(2, 2, 3)
  integer(int32), target :: labels(16, 3), expected(16)
  type(centra_problem), target :: problems(3)
  type(centra_csr) :: rows
  integer(int32), target :: columns(32), starts(17)
  integer :: i
  integer(c_size_t), target :: seen
  integer(int32) :: status

  call check('options: size before init is 0', options%struct_size == 0)
  call centra_options_init(options)
  call check('options: c_sizeof', options%struct_size == c_sizeof(options))
  call check('options: storage_size', storage_size(options, c_size_t) == 8 * options%struct_size)
  call centra_report_init(report)
  call check('report: c_sizeof', report%struct_size == c_sizeof(report))
  call check('report: storage_size', storage_size(report, c_size_t) == 8 * report%struct_size)

  call blocks(points)

  ! All coordinates stored.
  columns = [(modulo(i, 2), i=0, 31)]
  starts = [(2 * i, i=0, 16)]
  rows = centra_csr(c_sizeof(rows), 16, 2, c_loc(points), c_loc(columns), c_loc(starts), CENTRA_F64, 4)
  centers = points(:, :2)
  status = centra_assign_csr(rows, 2_c_size_t, options, c_loc(centers), c_loc(labels), c_null_ptr, &
      c_null_ptr, 0_c_size_t)
  call check('sparse rows: labelled', status == CENTRA_OK)
  status = centra_assign(c_loc(points), 16_c_size_t, 2_c_size_t, 2_c_size_t, 2_c_size_t, options, &
      c_loc(centers), c_loc(expected), c_null_ptr, c_null_ptr, 0_c_size_t)
  call check('sparse rows: as dense ones', status == CENTRA_OK .and. all(labels(:, 1) == expected))

  seen = 0
  watched%progress => note_size
  watched%progress_data = c_loc(seen)
  call kmeans_fit(points, centers, options=watched, status=status)
  call check('progress: called', status == CENTRA_OK .and. seen > 0)
  call check('progress: c_sizeof', seen == c_sizeof(progress))
  call check('progress: storage_size', storage_size(progress, c_size_t) == 8 * seen)

  watched%progress => centra_watch_progress
  watched%progress_data = c_loc(watch)
  centers = points(:, :2)
  call kmeans_fit(points, centers, options=watched, report=report, status=status)
  call check('watch: converged', status == CENTRA_OK .and. report%iterations > 0)
  call check('watch: iterations', watch%iteration == report%iterations .and. watch%restart == 0)
  call check('watch: last of a converged fit', watch%moved == 0)
  watch%stop = 1
  call kmeans_fit(points, centers, options=watched, report=report, status=status)
  call check('watch: stopped', status == CENTRA_CANCELLED .and. report%iterations == 1)
  call check('watch: first iteration', watch%iteration == 1)

  ! Three problems with the same points: one fit each, from the problem's own seed.
  options%label_base = 1
  do i = 1, 3
    problems(i)%struct_size = c_sizeof(problems(i))
    problems(i)%points = c_loc(points)
    problems(i)%n = 16
    problems(i)%d = 2
    problems(i)%ld = 2
    problems(i)%k = merge(17, 2, i == 2)
    problems(i)%seed = i
    problems(i)%centers = c_loc(apart(1, 1, i))
    problems(i)%labels = c_loc(labels(1, i))
  end do
  labels = -9
  status = centra_fit_many(c_loc(problems), 3_c_size_t, options, c_null_ptr, 0_c_size_t)
  call check('problems: the second is refused', status == CENTRA_ERR_SHAPE .and. all(labels(:, 2) == -9))
  call check('problems: it alone', all(problems%status == [CENTRA_OK, CENTRA_ERR_SHAPE, CENTRA_OK]))
  do i = 1, 3, 2
    defaults%seed = i
    call kmeans_fit(points, centers, expected, defaults)
    call check('problems: labels', all(labels(:, i) == expected))
    call check('problems: centers', same(apart(:, :, i), centers))
  end do
  defaults%seed = 0
  options%label_base = 0

  call check('default init', options%init == defaults%init)
  call check('default empty', options%empty == defaults%empty)
  call check('default layout', options%layout == defaults%layout)
  call check('default label base of C', options%label_base == 0)
  call check('default threads', options%threads == defaults%threads)
  call check('default n_init', options%n_init == defaults%n_init)
  call check('default algorithm', options%algorithm == defaults%algorithm)
  call check('default max_iter', options%max_iter == defaults%max_iter)
  call check('default tol', same(options%tol, defaults%tol))
  call check('default seed', options%seed == defaults%seed)
  call check('default weights', .not. c_associated(options%weights))
  call check('default progress', .not. c_associated(options%progress) &
      .and. .not. associated(defaults%progress))
  call check('default progress data', .not. c_associated(options%progress_data))
  call finish('structs')
end program structs
