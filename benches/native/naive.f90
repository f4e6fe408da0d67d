! A baseline: Lloyd's k-means as a good Fortran programmer writes it, in loops and array expressions for the compiler to
! vectorise; no directives, no threads, no library but the compiler's own, no check of the data.
!
! As in naive.c the way depends on the number of dimensions:
!
! - few: a block of points is transposed into columns; each center in turn runs along the block, and `merge` keeps the
!   smaller distance and its label.
! - many: centers lie side by side in tiles, a tile's distances to a group of points stay in registers, and what is
!   minimised is |c|^2/2 - x.c, which rounds worse than the squared distance.
!
! The update's sums are naive, in the order of the points; an empty cluster keeps its center.
module naive
   use, intrinsic :: iso_c_binding, only: c_double, c_int, c_int32_t, c_int64_t, c_size_t
   implicit none
   private
   integer, parameter :: few = 8, block = 256, tile = 32, group = 4

contains

   subroutine assign_few(points, centers, labels)
      real(c_double), intent(in), contiguous :: points(:, :), centers(:, :)
      integer(c_int32_t), intent(out), contiguous :: labels(:)
      real(c_double) :: x(block, few), least(block), s(block)
      ! As wide as a double, so that one comparison selects both.
      integer(c_int64_t) :: label(block)
      integer :: first, m, d, i, j, p

      d = size(points, 1)
      x = 0
      do first = 1, size(points, 2), block
         m = min(block, size(points, 2) - first + 1)
         do p = 1, m
            do i = 1, d
               x(p, i) = points(i, first + p - 1)
            end do
         end do
         least = huge(least)
         label = 0
         do j = 1, size(centers, 2)
            s = (x(:, 1) - centers(1, j))**2
            do i = 2, d
               s = s + (x(:, i) - centers(i, j))**2
            end do
            label = merge(int(j - 1, c_int64_t), label, s < least)
            least = merge(s, least, s < least)
         end do
         labels(first:first + m - 1) = int(label(:m), c_int32_t)
      end do
   end subroutine

   subroutine assign_many(points, centers, labels)
      real(c_double), intent(in), contiguous :: points(:, :), centers(:, :)
      integer(c_int32_t), intent(out), contiguous :: labels(:)
      real(c_double), allocatable :: c(:, :, :), half(:, :)
      real(c_double) :: s(tile, group), least(tile, group)
      integer(c_int64_t) :: from(tile, group)
      integer :: first, n, d, k, tiles, i, j, p, t, q(group), lane

      d = size(points, 1)
      n = size(points, 2)
      k = size(centers, 2)
      tiles = (k + tile - 1)/tile
      allocate (c(tile, d, tiles), half(tile, tiles))
      c = 0
      half = huge(half) ! infinitely far, for those that pad the last tile
      do j = 1, k
         lane = modulo(j - 1, tile) + 1
         c(lane, :, (j - 1)/tile + 1) = centers(:, j)
         half(lane, (j - 1)/tile + 1) = sum(centers(:, j)**2)/2
      end do
      do first = 1, n, group
         do p = 1, group
            q(p) = min(first + p - 1, n)
         end do
         least = huge(least)
         from = 0
         do t = 1, tiles
            do p = 1, group
               s(:, p) = half(:, t)
            end do
            do i = 1, d
               do p = 1, group
                  s(:, p) = s(:, p) - points(i, q(p))*c(:, i, t)
               end do
            end do
            from = merge(int(t - 1, c_int64_t), from, s < least)
            least = merge(s, least, s < least)
         end do
         do p = 1, min(group, n - first + 1)
            ! The least of the lanes, and of those the lowest label.
            labels(first + p - 1) = int(minval([(from(j, p)*tile + j - 1, j=1, tile)], &
                                               mask=least(:, p) <= minval(least(:, p))), c_int32_t)
         end do
      end do
   end subroutine

   subroutine assign(points, centers, labels)
      real(c_double), intent(in), contiguous :: points(:, :), centers(:, :)
      integer(c_int32_t), intent(out), contiguous :: labels(:)

      if (size(points, 1) <= few) then
         call assign_few(points, centers, labels)
      else
         call assign_many(points, centers, labels)
      end if
   end subroutine

   subroutine update(points, labels, centers)
      real(c_double), intent(in), contiguous :: points(:, :)
      integer(c_int32_t), intent(in), contiguous :: labels(:)
      real(c_double), intent(inout), contiguous :: centers(:, :)
      real(c_double), allocatable :: sums(:, :)
      integer(c_int64_t), allocatable :: counts(:)
      integer :: j, p

      allocate (sums, mold=centers)
      allocate (counts(size(centers, 2)))
      sums = 0
      counts = 0
      do p = 1, size(points, 2)
         j = labels(p) + 1
         sums(:, j) = sums(:, j) + points(:, p)
         counts(j) = counts(j) + 1
      end do
      do j = 1, size(centers, 2)
         if (counts(j) > 0) centers(:, j) = sums(:, j)/real(counts(j), c_double)
      end do
   end subroutine

   ! From the centers given until no label changes; `iterations` is what was allowed and becomes what was done. Labels
   ! count from 0, as the other baselines' do.
   integer(c_int) function fit(points, n, d, k, centers, labels, iterations) bind(c, name="fortran_fit")
      integer(c_size_t), value :: n, d, k
      real(c_double), intent(in) :: points(d, n)
      real(c_double), intent(inout) :: centers(d, k)
      integer(c_int32_t), intent(out) :: labels(n)
      integer(c_int64_t), intent(inout) :: iterations
      integer(c_int32_t), allocatable :: next(:)
      integer(c_int64_t) :: most

      allocate (next(n))
      most = iterations
      iterations = 0
      call assign(points, centers, labels)
      do while (iterations < most)
         call update(points, labels, centers)
         call assign(points, centers, next)
         iterations = iterations + 1
         if (all(labels == next)) exit
         labels = next
      end do
      fit = 1
   end function
end module
