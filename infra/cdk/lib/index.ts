export type { ApprovalAlarms } from './alarms.js';
export type { DomainOptions } from './domain.js';
export { EmailApprovals } from './email-approvals.js';
export { KeyUse } from './keys.js';
export { Member } from './member.js';
export type { MemberProps } from './member-settings.js';
export { type ApproversOptions, Policy } from './policy.js';
export { type EmailApprovalsProps, LogLevel } from './settings.js';
