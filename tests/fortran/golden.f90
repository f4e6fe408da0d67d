!> What the module finds for the inputs of tests/data/golden.txt is what stands there, to the last bit. The file is the program's
!> argument, or is looked for from the root of the repository.
program golden
  use, intrinsic :: iso_fortran_env, only: int32, int64, int8, real32, real64
  use centra
  use checks
  implicit none

  character(len=400) :: line
  character(len=32) :: name, kind_of_points
  integer :: file, chunk_count, n, d, k, cases, i
  integer(int32) :: init, weighted
  integer(int64) :: seed, iterations
  integer, allocatable :: chunks(:)
  real(real64), allocatable :: weights(:), start(:, :), centers(:, :), inertia(:)
  integer(int32), allocatable :: labels(:)

  line = 'tests/data/golden.txt'
  if (command_argument_count() > 0) call get_command_argument(1, line)
  open (newunit=file, file=line, action='read', status='old')
  line = ''
  cases = 0
  do while (next() == 'case')
    name = next()
    call keyword('type')
    kind_of_points = next()
    n = int(number('n'))
    d = int(number('d'))
    k = int(number('k'))
    init = int(number('init'), int32)
    seed = number('seed')
    weighted = int(number('weighted'), int32)
    chunk_count = int(number('chunks'))
    chunks = [(int(whole(next())), i=1, chunk_count)]
    call keyword('points')
    select case (kind_of_points)
    case ('f64')
      call check_doubles()
    case ('f32')
      call check_singles()
    case default
      call check_bytes()
    end select
    cases = cases + 1
  end do
  call check('all cases', cases == 8)
  call finish('golden')

contains

  !> The next word of the file. Lines that begin with # are what the file says of itself.
  function next() result(word)
    character(len=32) :: word
    integer :: ends
    do while (len_trim(line) == 0 .or. line(1:1) == '#')
      read (file, '(a)') line
    end do
    line = adjustl(line)
    ends = index(line, ' ')
    word = line(:ends - 1)
    line = adjustl(line(ends:))
  end function next

  subroutine keyword(expected)
    character(len=*), intent(in) :: expected
    if (next() /= expected) error stop 'golden: another word is due'
  end subroutine keyword

  function whole(word) result(value)
    character(len=*), intent(in) :: word
    integer(int64) :: value
    read (word, *) value
  end function whole

  function number(of) result(value)
    character(len=*), intent(in) :: of
    integer(int64) :: value
    call keyword(of)
    value = whole(next())
  end function number

  function bits() result(value)
    integer(int64) :: value
    character(len=32) :: word
    word = next()
    read (word(:16), '(z16)') value
  end function bits

  function reals(of, count) result(values)
    character(len=*), intent(in) :: of
    integer, intent(in) :: count
    real(real64) :: values(count)
    integer :: i
    call keyword(of)
    do i = 1, count
      values(i) = transfer(bits(), values(i))
    end do
  end function reals

  !> What follows the points; unallocated weights are absent ones where a procedure takes them.
  subroutine read_answer()
    integer :: i
    if (allocated(weights)) deallocate (weights)
    if (weighted == 1) weights = reals('weights', n)
    start = reshape(reals('start', k * d), [d, k])
    call keyword('labels')
    labels = [(int(whole(next()), int32) + 1, i=1, n)]
    centers = reshape(reals('centers', k * d), [d, k])
    inertia = reals('inertia', 1)
    iterations = number('iterations')
  end subroutine read_answer

  subroutine check_doubles()
    real(real64), allocatable :: points(:, :)
    integer :: i, p
    allocate (points(d, n))
    do p = 1, n
      do i = 1, d
        points(i, p) = transfer(bits(), points(i, p))
      end do
    end do
    include 'golden_case.inc'
  end subroutine check_doubles

  subroutine check_singles()
    real(real32), allocatable :: points(:, :)
    integer :: i, p
    allocate (points(d, n))
    do p = 1, n
      do i = 1, d
        points(i, p) = transfer(int(bits(), int32), points(i, p))
      end do
    end do
    include 'golden_case.inc'
  end subroutine check_singles

  subroutine check_bytes()
    integer(int8), allocatable :: points(:, :)
    integer(int64) :: byte
    integer :: i, p
    allocate (points(d, n))
    do p = 1, n
      do i = 1, d
        byte = bits()
        points(i, p) = int(merge(byte - 256, byte, byte > 127), int8)
      end do
    end do
    include 'golden_case.inc'
  end subroutine check_bytes

  subroutine compare(how, found_labels, found_centers, found_inertia, found_iterations)
    character(len=*), intent(in) :: how
    integer(int32), intent(in) :: found_labels(:)
    real(real64), intent(in) :: found_centers(:, :), found_inertia
    integer(int64), intent(in) :: found_iterations
    call check(trim(name) // ', labels of ' // how, same(found_labels, labels))
    call check(trim(name) // ', centers of ' // how, same(found_centers, centers))
    call check(trim(name) // ', inertia of ' // how, same(found_inertia, inertia(1)))
    call check(trim(name) // ', iterations of ' // how, found_iterations == iterations)
  end subroutine compare

end program golden
