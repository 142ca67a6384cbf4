-- Encoders do more than embed.
ALTER TABLE model_versions DROP CONSTRAINT model_versions_role_check;
ALTER TABLE model_versions ADD CONSTRAINT model_versions_role_check
  CHECK (role IN ('chat', 'embedding', 'classifier', 'reranker'));
