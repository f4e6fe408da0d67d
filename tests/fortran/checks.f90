!> What the test programs share: counting checks, comparing bits, making points.
module checks
  use, intrinsic :: iso_fortran_env, only: error_unit, int32, int64, real64
  implicit none
  private
  public :: check, finish, same, integer_points, real_points, blocks

  integer :: passed = 0
  integer :: failed = 0

  !> Equal bit by bit: stricter than ==, which takes 0.0 and -0.0 for one, and NaN for nothing.
  interface same
    procedure :: same_real, same_reals, same_matrix, same_labels, same_counts
  end interface same

contains

  subroutine check(what, holds)
    character(len=*), intent(in) :: what
    logical, intent(in) :: holds
    if (holds) then
      passed = passed + 1
    else
      failed = failed + 1
      write (error_unit, '(2a)') 'FAILED: ', what
    end if
  end subroutine check

  subroutine finish(name)
    character(len=*), intent(in) :: name
    if (failed > 0) then
      write (error_unit, '(2a, i0, a)') name, ': ', failed, ' checks failed'
      error stop 1
    end if
    print '(2a, i0, a)', name, ': ', passed, ' checks passed'
  end subroutine finish

  elemental function bits(x) result(b)
    real(real64), intent(in) :: x
    integer(int64) :: b
    b = transfer(x, b)
  end function bits

  pure function same_real(a, b) result(equal)
    real(real64), intent(in) :: a, b
    logical :: equal
    equal = bits(a) == bits(b)
  end function same_real

  pure function same_reals(a, b) result(equal)
    real(real64), intent(in) :: a(:), b(:)
    logical :: equal
    equal = size(a) == size(b)
    if (equal) equal = all(bits(a) == bits(b))
  end function same_reals

  pure function same_matrix(a, b) result(equal)
    real(real64), intent(in) :: a(:, :), b(:, :)
    logical :: equal
    equal = all(shape(a) == shape(b))
    if (equal) equal = all(bits(a) == bits(b))
  end function same_matrix

  pure function same_labels(a, b) result(equal)
    integer(int32), intent(in) :: a(:), b(:)
    logical :: equal
    equal = size(a) == size(b)
    if (equal) equal = all(a == b)
  end function same_labels

  pure function same_counts(a, b) result(equal)
    integer(int64), intent(in) :: a(:), b(:)
    logical :: equal
    equal = size(a) == size(b)
    if (equal) equal = all(a == b)
  end function same_counts

  !> The next state of the minimal standard generator: 48271 x mod (2**31 - 1).
  pure subroutine step(state)
    integer(int64), intent(inout) :: state
    state = mod(48271_int64 * state, 2147483647_int64)
  end subroutine step

  !> Whole numbers from 0 to `below` - 1, each a double.
  subroutine integer_points(key, below, points)
    integer, intent(in) :: key, below
    real(real64), intent(out) :: points(:, :)
    integer(int64) :: state
    integer :: i, p
    state = key
    do p = 1, size(points, 2)
      do i = 1, size(points, 1)
        call step(state)
        points(i, p) = real(mod(state / 1024, int(below, int64)), real64)
      end do
    end do
  end subroutine integer_points

  !> Doubles with many bits, from -1 to 1.
  subroutine real_points(key, points)
    integer, intent(in) :: key
    real(real64), intent(out) :: points(:, :)
    integer(int64) :: state, high
    integer :: i, p
    state = key
    do p = 1, size(points, 2)
      do i = 1, size(points, 1)
        call step(state)
        high = state
        call step(state)
        points(i, p) = scale(real(high, real64), -30) + scale(real(state, real64), -61) - 1
      end do
    end do
  end subroutine real_points

  !> k clusters of eight points each, the corners of a box around (100 j, 100 j, ..), cluster by cluster.
  !> Means, distances and inertia are whole numbers: each point is 1 from its mean in each dimension.
  subroutine blocks(points)
    real(real64), intent(out) :: points(:, :)
    integer :: i, p
    do p = 1, size(points, 2)
      do i = 1, size(points, 1)
        points(i, p) = 100 * ((p - 1) / 8 + 1) + merge(1, -1, btest(p - 1, mod(i - 1, 3)))
      end do
    end do
  end subroutine blocks

end module checks
