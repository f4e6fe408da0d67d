!> Refused without `status`: an error stop with the reason. The test expects this program to fail. With
!> the argument `wrapper` the reason is found before the library is called, else by the library.
program error_stop
  use, intrinsic :: iso_fortran_env, only: int32, real64
  use centra
  implicit none
  real(real64) :: points(2, 10), centers(2, 11)
  integer(int32) :: labels(9)
  character(len=16) :: which
  points = 1
  call get_command_argument(1, which)
  if (which == 'wrapper') then
    call kmeans_fit(points, centers(:, :2), labels)
  else
    call kmeans_fit(points, centers)
  end if
  print '(a)', 'still running'
end program error_stop
