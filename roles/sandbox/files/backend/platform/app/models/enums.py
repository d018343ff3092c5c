"""The enumerated types. The database stores the upper-case names; the REST interface speaks their lower-case values."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import ENUM

from app.models.base import metadata


def label_type(name: str, labels: str) -> ENUM:
    """Build a PostgreSQL enum from labels separated by spaces; it is created together with the tables."""
    return ENUM(*labels.split(), name=name, metadata=metadata)


accesslevel = label_type("accesslevel", "READ_ONLY READ_WRITE FULL_ACCESS ADMIN OWNER")
assistantstatus = label_type("assistantstatus", "ACTIVE INACTIVE DRAFT MAINTENANCE")
auditeventcategory = label_type(
    "auditeventcategory",
    "AUTHENTICATION AUTHORIZATION DATA_ACCESS DATA_MODIFICATION SYSTEM_CONFIGURATION USER_MANAGEMENT SECURITY "
    "COMPLIANCE BUSINESS_PROCESS INTEGRATION",
)
auditeventtype = label_type(
    "auditeventtype",
    "USER_LOGIN USER_LOGOUT USER_REGISTER USER_UPDATE USER_DELETE ASSISTANT_CREATE ASSISTANT_UPDATE "
    "ASSISTANT_DELETE ASSISTANT_ACTIVATE ASSISTANT_DEACTIVATE CONVERSATION_CREATE CONVERSATION_UPDATE "
    "CONVERSATION_DELETE MESSAGE_SEND MESSAGE_RECEIVE TOOL_CREATE TOOL_UPDATE TOOL_DELETE TOOL_EXECUTE "
    "SYSTEM_STARTUP SYSTEM_SHUTDOWN SYSTEM_ERROR SYSTEM_MAINTENANCE PERMISSION_DENIED RATE_LIMIT_EXCEEDED "
    "SUSPICIOUS_ACTIVITY API_KEY_CREATE API_KEY_REVOKE",
)
auditseverity = label_type("auditseverity", "INFO WARNING ERROR CRITICAL")
authprovider = label_type("authprovider", "LOCAL LDAP SAML OAUTH_GOOGLE OAUTH_MICROSOFT OAUTH_GITHUB OAUTH_GITLAB")
complianceframework = label_type("complianceframework", "GDPR SOX ISO27001 HIPAA PCI_DSS SOC2 CCPA LGPD")
dataclassification = label_type("dataclassification", "PUBLIC INTERNAL CONFIDENTIAL RESTRICTED CLASSIFIED")
domaintype = label_type(
    "domaintype",
    "PROJECT DEPARTMENT TEAM FUNCTIONAL_AREA CLIENT PRODUCT GEOGRAPHIC TEMPORARY CROSS_FUNCTIONAL",
)
messagerole = label_type("messagerole", "USER ASSISTANT SYSTEM TOOL")
messagetype = label_type("messagetype", "TEXT IMAGE FILE AUDIO VIDEO")
resourcetype = label_type(
    "resourcetype",
    "ASSISTANT DOCUMENT KNOWLEDGE_BASE TOOL CONVERSATION WORKSPACE TEMPLATE WORKFLOW",
)
toolcategory = label_type("toolcategory", "SEARCH FILE API DATABASE CUSTOM ANALYSIS COMMUNICATION AUTOMATION")
userrole = label_type("userrole", "SUPER_ADMIN ADMIN MANAGER USER GUEST")
userstatus = label_type("userstatus", "ACTIVE INACTIVE SUSPENDED PENDING ARCHIVED")
