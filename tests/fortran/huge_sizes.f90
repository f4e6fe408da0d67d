!> Arrays of 2**31 elements and more, whose sizes do not fit the default kind. Their memory is mapped and hardly ever touched: each
!> call is refused before it reads the points, for a reason which shows that it saw the whole array.
program huge_sizes
  use, intrinsic :: iso_c_binding, only: c_f_pointer, c_int, c_intptr_t, c_loc, c_long, c_null_ptr, c_ptr, c_size_t
  use, intrinsic :: iso_fortran_env, only: int32, int64, int8, real64
  use centra
  use checks
  implicit none

  interface
    function mmap(address, length, protection, flags, file, offset) result(at) bind(C, name='mmap')
      import :: c_int, c_long, c_ptr, c_size_t
      implicit none
      type(c_ptr), intent(in), value :: address
      integer(c_size_t), intent(in), value :: length
      integer(c_int), intent(in), value :: protection, flags, file
      integer(c_long), intent(in), value :: offset
      type(c_ptr) :: at
    end function mmap
  end interface

  ! Linux: to be read and written; private, anonymous, and not to be counted as memory before it is touched.
  integer(c_int), parameter :: read_write = 3
  integer(c_int), parameter :: sparse = 2 + 32 + 16384
  integer(int64), parameter :: n = 2_int64**31 + 5
  integer, parameter :: d = 1, k = 2

  real(real64), pointer :: tall(:, :), points(:, :), weights(:), far(:), over_labels(:, :), over_weights(:, :)
  integer(int32), pointer :: labels(:), labels_over_points(:), labels_over_weights(:)
  integer(int64), pointer :: sums_over_labels(:), sums_over_weights(:), pair_over_weights(:)
  integer(int8), pointer :: workspace(:), behind(:)
  real(real64) :: centers(d, k), candidates(d, k), few(d, 5), inertia
  integer(int32) :: range(3 * (d + 1)), status, few_labels(5)
  integer(int64) :: masses(CENTRA_STREAM_MASS_DIGITS), length
  character(len=200) :: message

  ! Two rows, of which one is clustered: its leading dimension is 2.
  call c_f_pointer(mapped(16 * n), tall, [2_int64, n])
  points => tall(1:1, :)
  call c_f_pointer(c_loc(tall(1, 1)), far, [n])
  call c_f_pointer(c_loc(tall(1, 1)), labels_over_points, [n])
  call c_f_pointer(c_loc(tall(1, n - 99)), behind, [1600])
  call c_f_pointer(mapped(8 * n), weights, [n])
  call c_f_pointer(c_loc(weights(1)), labels_over_weights, [n])
  call c_f_pointer(c_loc(weights(1)), over_weights, [d, k])
  call c_f_pointer(c_loc(weights(1)), pair_over_weights, [k])
  call c_f_pointer(c_loc(weights(1)), workspace, [2_int64**32])
  call c_f_pointer(mapped(4 * n), labels, [n])
  call c_f_pointer(c_loc(labels(1)), over_labels, [d, k])
  weights(1) = -1
  range = 0
  masses = 0
  centers = 1
  candidates = 1
  message = ' '

  length = kmeans_workspace_size(points, centers)
  call check('workspace size', length == kmeans_workspace_size(n, int(d, int64), int(k, int64)))

  ! What the library is to write must not lie over the rest: it can only say so of what it sees, and as long as it is.
  call kmeans_stream_range(points, range, workspace=behind, status=status, message=message)
  call expect('range: leading dimension', CENTRA_ERR_ALIAS, 'points overlaps workspace')
  call kmeans_fit(points, centers, labels_over_points, status=status, message=message)
  call expect('fit: labels', CENTRA_ERR_ALIAS, 'points overlaps labels')
  call kmeans_fit(points, centers, labels_over_weights, weights=weights, status=status, message=message)
  call expect('fit: weights', CENTRA_ERR_ALIAS, 'weights overlaps labels')
  call kmeans_seed(points, over_weights, weights=weights, status=status, message=message)
  call expect('seed: weights', CENTRA_ERR_ALIAS, 'weights overlaps centers')
  call kmeans_assign(points, centers, labels_over_points, status=status, message=message)
  call expect('assign: labels', CENTRA_ERR_ALIAS, 'points overlaps labels')
  call kmeans_assign(points, centers, labels, far, status=status, message=message)
  call expect('assign: sqdist', CENTRA_ERR_ALIAS, 'points overlaps sqdist')
  call kmeans_update(points, labels, over_labels, status=status, message=message)
  call expect('update: labels', CENTRA_ERR_ALIAS, 'labels overlaps centers')
  call kmeans_update(points, labels, over_weights, weights=weights, status=status, message=message)
  call expect('update: weights', CENTRA_ERR_ALIAS, 'weights overlaps centers')
  length = kmeans_stream_sums_length(centers, n, range)
  call c_f_pointer(c_loc(labels(1)), sums_over_labels, [length])
  call c_f_pointer(c_loc(weights(1)), sums_over_weights, [length])
  call kmeans_stream_sums(points, centers, n, range, sums_over_labels, labels, status=status, message=message)
  call expect('sums: labels', CENTRA_ERR_ALIAS, 'labels overlaps sums')
  call kmeans_stream_sums(points, centers, n, range, sums_over_weights, weights=weights, status=status, message=message)
  call expect('sums: weights', CENTRA_ERR_ALIAS, 'weights overlaps sums')
  call kmeans_stream_masses(points, centers, n, range, candidates, masses, far, status=status, message=message)
  call expect('masses: distances', CENTRA_ERR_ALIAS, 'points overlaps distances')
  call kmeans_stream_weigh(points, centers, n, range, candidates, pair_over_weights, weights=weights, status=status, &
      message=message)
  call expect('weigh: weights', CENTRA_ERR_ALIAS, 'weights overlaps candidate weights')

  ! Weights are checked before points.
  call kmeans_stream_range(points, range, weights=weights, status=status, message=message)
  call expect('range: weights', CENTRA_ERR_WEIGHTS, 'weights: -1 at index 0')
  call kmeans_inertia(points, centers, labels, inertia, weights=weights, status=status, message=message)
  call expect('inertia: labels and weights', CENTRA_ERR_WEIGHTS, 'weights: -1 at index 0')

  ! 2**32 bytes are not none.
  few = 1
  call kmeans_assign(few, centers, few_labels, workspace=workspace, status=status, message=message)
  call check('a workspace of 4 GiB', status == CENTRA_OK .and. all(few_labels == 1))
  call finish('huge_sizes')

contains

  function mapped(bytes) result(at)
    integer(int64), intent(in) :: bytes
    type(c_ptr) :: at
    at = mmap(c_null_ptr, int(bytes, c_size_t), read_write, sparse, -1, 0_c_long)
    call check('mapped', transfer(at, 0_c_intptr_t) /= -1)
  end function mapped

  subroutine expect(what, code, naming)
    character(len=*), intent(in) :: what, naming
    integer(int32), intent(in) :: code
    call check(what // ': status', status == code)
    call check(what // ': message', index(message, naming) > 0)
    if (status /= code .or. index(message, naming) == 0) print '(2a, i0, 2a)', what, ' gave ', status, ': ', trim(message)
    status = 99
    message = ' '
  end subroutine expect

end program huge_sizes
