export function Logo({ size = 24 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden focusable="false">
      <rect width="32" height="32" rx="7" fill="#0b6e6b" />
      <path d="M9 25V14a7 7 0 0 1 14 0v11h-4.2V14a2.8 2.8 0 0 0-5.6 0v11z" fill="#fff" />
    </svg>
  )
}
