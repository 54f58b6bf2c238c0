/** The one place that knows the package which reads bash. */
export {
  type Assignment,
  type Command,
  type CommandNode,
  type CompoundList,
  type ParsedScript,
  type PipelineNode,
  parse,
  type Redirection,
  type Script,
  type Statement,
  type Word as SyntaxWord,
  type WordPart,
} from 'unbash';
